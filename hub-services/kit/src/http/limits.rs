//! Limits of one request and of all together, and the barrier that keeps a panic to its request.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;

use crate::http::config::HttpConfig;
use crate::http::params::short;
use crate::http::room::{Arriving, Leaving, OVERLOADED, Reserved, Room, Who};
use crate::metrics::{Exposition, MetricSource};
use crate::{Caller, Refusal};

/// Shared between all requests.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Requests being worked on.
    requests: Arc<Room>,
    /// Bytes of bodies as they arrive, and of answers until they are written.
    bodies: Arc<Room>,
    timeout: Duration,
    dropped: Arc<Dropped>,
}

/// Requests given up.
#[derive(Debug, Default)]
struct Dropped {
    overloaded: AtomicU64,
    timed_out: AtomicU64,
}

impl Limits {
    /// A caller gets at most half of everything, and room for one body.
    pub(crate) fn new(config: &HttpConfig) -> Self {
        let requests = config.requests_max.max(1);
        let bodies = config.bodies_bytes_max;
        let body = (bodies / 2).max(config.body_bytes_max.min(bodies));
        Self {
            requests: Room::new(requests, requests.div_ceil(2)),
            bodies: Room::new(bodies, body),
            timeout: config.request_timeout,
            dropped: Arc::default(),
        }
    }

    /// Limits beside these, whose refusals are counted here.
    pub(crate) fn beside(&self, config: &HttpConfig) -> Self {
        Self { dropped: Arc::clone(&self.dropped), ..Self::new(config) }
    }

    /// Room for an answer, until the last of its bytes is written.
    fn answer(&self, response: Response, who: Who) -> Response {
        /// Of one that is made while it is sent.
        const STREAMED: u64 = 256 << 10;
        /// Not worth counting: what refusals take.
        const SMALL: u64 = 16 << 10;
        let bytes = response.body().size_hint().exact().unwrap_or(STREAMED);
        if bytes <= SMALL {
            return response;
        }
        let mut part = self.bodies.part(who);
        match part.take(usize::try_from(bytes).unwrap_or(usize::MAX)) {
            true => response.map(|body| Body::new(Leaving::new(body, part))),
            false => self.overloaded(),
        }
    }

    fn overloaded(&self) -> Response {
        self.dropped.overloaded.fetch_add(1, Ordering::Relaxed);
        overloaded()
    }
}

/// 503, with when to try again.
pub(crate) fn overloaded() -> Response {
    let mut response = Refusal::new(503, "overloaded", OVERLOADED).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Bounds how many requests run and for how long, and what they hold. Nothing queues: a full hub
/// says so at once.
pub(crate) async fn limit(
    State(limits): State<Arc<Limits>>,
    request: Request,
    next: Next,
) -> Response {
    let who = who(&request);
    let mut slot = limits.requests.part(who.clone());
    if !slot.take(1) {
        return limits.overloaded();
    }
    let reserved = Reserved::new(limits.bodies.part(who.clone()));
    let mut request = request.map(|body| Body::new(Arriving::new(body, reserved.clone())));
    request.extensions_mut().insert(reserved.clone());
    match tokio::time::timeout(limits.timeout, next.run(request)).await {
        Ok(_) if reserved.is_refused() => limits.overloaded(),
        Ok(response) => limits.answer(response, who),
        Err(_) => {
            limits.dropped.timed_out.fetch_add(1, Ordering::Relaxed);
            let detail = format!(
                "The request took longer than {} s and was given up. Ask for less at a time. \
                 Whether a change was made is unknown.",
                limits.timeout.as_secs_f64()
            );
            Refusal::new(504, "timeout", detail).into_response()
        }
    }
}

/// Whose share a request is taken out of.
fn who(request: &Request) -> Who {
    let extensions = request.extensions();
    match extensions.get::<Caller>().filter(|caller| !caller.name.is_empty()) {
        Some(caller) => Who::Account(Arc::clone(&caller.name)),
        None => Who::Address(extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip())),
    }
}

/// A panic in a handler ends its request with 500; the process and the connection go on. What the
/// panic said stays out of the log, since it may quote the request.
pub(crate) async fn contain_panic(request: Request, next: Next) -> Response {
    let path = short(request.uri().path()).to_owned();
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(path, "a panic ended this request and no other: please report it");
        let detail = "The hub failed while answering; its log has the cause.";
        Refusal::new(500, "internal", detail).into_response()
    })
}

impl MetricSource for Limits {
    fn write(&self, out: &mut Exposition) {
        out.single_gauge(
            "uns_http_requests_active",
            "Requests being worked on.",
            self.requests.used(),
        );
        let help = "Bytes of request bodies and of answers not yet written.";
        out.single_gauge("uns_http_bodies_bytes", help, self.bodies.used());
        let mut dropped =
            out.counter("uns_http_dropped_total", "Requests given up by a limit, by reason.");
        let overloaded = self.dropped.overloaded.load(Ordering::Relaxed);
        dropped.sample(&[("reason", "overloaded")], overloaded);
        dropped.sample(&[("reason", "timeout")], self.dropped.timed_out.load(Ordering::Relaxed));
    }
}
