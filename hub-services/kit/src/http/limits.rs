//! Limits of one request and of all together, and the barrier that keeps a panic to its request.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Refusal;
use crate::http::HttpConfig;
use crate::metrics::{Exposition, MetricSource};

/// Shared between all requests.
#[derive(Debug)]
pub(crate) struct Limits {
    slots: Semaphore,
    slots_max: usize,
    /// Room for bodies, in KiB.
    bodies: Arc<Semaphore>,
    body_bytes_max: usize,
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
            bodies: Arc::new(Semaphore::new(
                (config.bodies_bytes_max >> 10).min(Semaphore::MAX_PERMITS),
            )),
            body_bytes_max: config.body_bytes_max,
            timeout: config.request_timeout,
            overloaded: AtomicU64::new(0),
            timed_out: AtomicU64::new(0),
        }
    }

    /// Room for the body of a request; one that does not say how long it is may be of any length.
    /// What announces too much is refused later, and takes none.
    fn body_kib(&self, body: &Body) -> u32 {
        let max = self.body_bytes_max as u64;
        kib(body.size_hint().upper().map_or(max, |said| if said > max { 0 } else { said }))
    }

    /// Room for an answer, as long as its client takes to read it.
    fn answer(&self, response: Response) -> Response {
        /// One that is made while it is sent, as a compressed one is.
        const STREAMED: u64 = 256 << 10;
        /// Not worth counting: what refusals take.
        const SMALL: u64 = 16 << 10;
        let bytes = response.body().size_hint().exact().unwrap_or(STREAMED);
        if bytes <= SMALL {
            return response;
        }
        match Arc::clone(&self.bodies).try_acquire_many_owned(kib(bytes)) {
            Ok(room) => response.map(|body| Body::new(Roomed { body, _room: room })),
            Err(_) => self.overloaded(),
        }
    }

    fn overloaded(&self) -> Response {
        self.overloaded.fetch_add(1, Ordering::Relaxed);
        let detail = "The hub is working on as much as it may. Try again in a second.";
        let mut response = Refusal::new(503, "overloaded", detail).into_response();
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

/// An answer with the room it takes.
struct Roomed {
    body: Body,
    _room: OwnedSemaphorePermit,
}

impl HttpBody for Roomed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bounds how many requests run and for how long. Nothing queues: a full hub says so at once.
pub(crate) async fn limit(
    State(limits): State<Arc<Limits>>,
    request: Request,
    next: Next,
) -> Response {
    let room = limits.bodies.try_acquire_many(limits.body_kib(request.body()));
    let (Ok(_slot), Ok(_room)) = (limits.slots.try_acquire(), room) else {
        return limits.overloaded();
    };
    match tokio::time::timeout(limits.timeout, next.run(request)).await {
        Ok(response) => limits.answer(response),
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
