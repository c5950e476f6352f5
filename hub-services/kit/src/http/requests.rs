//! Counts answers by method and status.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use parking_lot::Mutex;

use crate::metrics::{Exposition, MetricSource};

/// Answers by method and status; both come from closed sets.
#[derive(Debug, Default)]
pub(crate) struct Requests(Mutex<BTreeMap<(&'static str, u16), u64>>);

/// The middleware.
pub(crate) async fn count(
    State(requests): State<Arc<Requests>>,
    request: Request,
    next: Next,
) -> Response {
    let method = name(request.method());
    let response = next.run(request).await;
    *requests.0.lock().entry((method, response.status().as_u16())).or_default() += 1;
    response
}

/// Clients may invent methods; labels may not.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

impl MetricSource for Requests {
    fn write(&self, out: &mut Exposition) {
        let mut family =
            out.counter("uns_http_requests_total", "Answered requests by method and status.");
        for ((method, status), count) in &*self.0.lock() {
            family.sample(&[("method", method), ("status", &status.to_string())], count);
        }
    }
}
