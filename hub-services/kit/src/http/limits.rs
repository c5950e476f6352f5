//! Limits of one request and of all together, and the barrier that keeps a panic to its request.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use tokio::sync::Semaphore;

use crate::Refusal;
use crate::http::HttpConfig;
use crate::metrics::{Exposition, MetricSource};

/// Shared between all requests.
#[derive(Debug)]
pub(crate) struct Limits {
    slots: Semaphore,
    slots_max: usize,
    timeout: Duration,
    overloaded: AtomicU64,
    timed_out: AtomicU64,
}

impl Limits {
    pub(crate) fn new(config: &HttpConfig) -> Self {
        let slots_max = config.requests_max.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            slots: Semaphore::new(slots_max),
            slots_max,
            timeout: config.request_timeout,
            overloaded: AtomicU64::new(0),
            timed_out: AtomicU64::new(0),
        }
    }
}

/// Bounds how many requests run and for how long. Nothing queues: a full hub says so at once.
pub(crate) async fn limit(
    State(limits): State<Arc<Limits>>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(_slot) = limits.slots.try_acquire() else {
        limits.overloaded.fetch_add(1, Ordering::Relaxed);
        let detail = "The hub is working on as many requests as it may. Try again in a second.";
        let mut response = Refusal::new(503, "overloaded", detail).into_response();
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        return response;
    };
    match tokio::time::timeout(limits.timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            limits.timed_out.fetch_add(1, Ordering::Relaxed);
            let detail = format!(
                "The request took longer than {} s and was given up. Ask for less at a time. \
                 Whether a change was made is unknown.",
                limits.timeout.as_secs_f64()
            );
            Refusal::new(504, "timeout", detail).into_response()
        }
    }
}

/// A panic in a handler ends its request with 500; the process and the connection go on.
pub(crate) async fn contain_panic(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        tracing::error!(path, panic = said, "request handler panicked");
        let detail = "The hub failed while answering; its log has the cause.";
        Refusal::new(500, "internal", detail).into_response()
    })
}

impl MetricSource for Limits {
    fn write(&self, out: &mut Exposition) {
        let busy = self.slots_max.saturating_sub(self.slots.available_permits());
        out.gauge("uns_http_requests_active", "Requests being worked on.").sample(&[], busy);
        let mut dropped =
            out.counter("uns_http_dropped_total", "Requests given up by a limit, by reason.");
        let overloaded = self.overloaded.load(Ordering::Relaxed);
        dropped.sample(&[("reason", "overloaded")], overloaded);
        dropped.sample(&[("reason", "timeout")], self.timed_out.load(Ordering::Relaxed));
    }
}
