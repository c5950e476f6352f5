//! Serving: connections up to a limit, in TLS or not, headers in bounded time and size, upgrades, a
//! graceful end.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{CONNECTION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tower_service::Service as _;

use crate::http::patience::Patience;
use crate::http::places::{Place, Places};
use crate::http::problem::to_response;
use crate::http::room::Leaving;
use crate::{Refusal, Stop};

/// Limits of the listener.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// Places of open connections, which listeners may share.
    pub places: Places,
    /// How long a client may take to send a request's headers, and to stay idle.
    pub header_timeout: Duration,
    /// How long a client may take nothing of its answer.
    pub answer_timeout: Duration,
    /// How long open requests may go on after the stop signal.
    pub drain: Duration,
    /// What a TLS handshake goes by; without it connections are plain.
    pub tls: Option<TlsSource>,
    /// Paths answered beyond the limit of connections too, beside health and metrics: where people
    /// log in. One that ends in `/` stands for all below it.
    pub entrance: &'static [&'static str],
}

/// Connections there may be unless something else is said.
pub const CONNECTIONS_MAX: usize = 8192;

/// Gives each handshake the certificate of its moment, so that a renewed one takes effect.
#[derive(Clone)]
pub struct TlsSource(pub Arc<dyn Fn() -> Arc<ServerConfig> + Send + Sync>);

impl fmt::Debug for TlsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSource").finish_non_exhaustive()
    }
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            places: Places::new(CONNECTIONS_MAX),
            header_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(5),
            tls: None,
            entrance: &[],
        }
    }
}

/// How long a TLS handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Headers of one request, and the read buffer of one connection.
pub const HEADER_BYTES_MAX: usize = 32 * 1024;

/// How long a connection beyond the limit may take to send a request's headers.
const HURRY: Duration = Duration::from_secs(2);

/// What is answered on connections beyond the limit: who watches the hub gets through, and so does
/// who logs in (`ServeConfig::entrance`).
const ESSENTIAL: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

fn is_essential(path: &str, entrance: &[&str]) -> bool {
    let is = |one: &&str| {
        path == *one || (one.len() > 1 && one.ends_with('/') && path.starts_with(*one))
    };
    ESSENTIAL.contains(&path) || entrance.iter().any(is)
}

/// Answers connections until the stop signal, then lets open requests finish within `drain`.
pub async fn serve(listener: TcpListener, router: Router, config: ServeConfig, mut stop: Stop) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.stopped() => break,
            accepted = listener.accept() => accepted,
        };
        // Reaps what ended, so that the set stays as small as the number of connections.
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                let Some(place) = enter(&config.places).await else { continue };
                let (router, config, stop) = (router.clone(), config.clone(), stop.clone());
                let client = Client { peer, place, router, config, stop };
                connections.spawn(client.connect(stream));
            }
            Err(error) => {
                // Out of descriptors, most likely: waiting is all that helps.
                tracing::warn!(%error, "cannot accept an HTTP connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(config.drain, all).await.is_err() {
        connections.shutdown().await;
    }
}

/// A place, if need be after the oldest beyond the limit has left.
async fn enter(places: &Places) -> Option<Place> {
    for _ in 0..100 {
        if let Some(place) = places.enter() {
            return Some(place);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    None
}

/// One connection and what answers it.
struct Client {
    peer: SocketAddr,
    place: Place,
    router: Router,
    config: ServeConfig,
    stop: Stop,
}

impl Client {
    async fn connect(mut self, stream: TcpStream) {
        let peer = self.peer;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, %peer, "no TCP_NODELAY");
        }
        let Some(TlsSource(current)) = &self.config.tls else {
            return self.speak(stream).await;
        };
        let handshake = TlsAcceptor::from(current()).accept(stream);
        let handshake = tokio::time::timeout(HANDSHAKE_MAX, handshake);
        let open = self.place.open();
        let accepted = tokio::select! {
            accepted = handshake => accepted,
            () = self.stop.stopped() => return,
            () = open.give_way.notified() => return,
        };
        match accepted {
            Ok(Ok(stream)) => self.speak(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, %peer, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
        }
    }

    async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Self { peer, place, router, config, mut stop } = self;
        let (open, full) = (place.open(), place.is_full());
        let patience = config.answer_timeout;
        let stream = Patience::new(stream, Arc::clone(&open), patience);
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let essential = is_essential(request.uri().path(), config.entrance);
            answer(router.clone(), (place.clone(), essential), (request, peer))
        });
        let hurry = if full { config.header_timeout } else { HURRY.min(config.header_timeout) };
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(hurry).max_buf_size(HEADER_BYTES_MAX);
        let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = open.give_way.notified() => {
                if !open.is_answering() {
                    return;
                }
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = stop.stopped() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, %peer, "HTTP connection ended");
        }
    }
}

/// Answers one request of a connection.
async fn answer(
    mut router: Router,
    (place, essential): (Place, bool),
    (request, peer): (Request<Incoming>, SocketAddr),
) -> Result<Response, Infallible> {
    let busy = place.busy();
    let mut request = request.map(Body::new);
    let full = place.is_full();
    let mut response = if full || essential {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(place.clone());
        router.call(request).await.unwrap_or_else(|never| match never {})
    } else {
        beyond_limit()
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        place.open().upgraded();
    }
    if !full {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Body::new(Leaving::new(body, busy))))
}

/// All places are taken, which no part of the router knows of.
fn beyond_limit() -> Response {
    let detail = "The hub serves as many HTTP connections as it may. Try again in a second.";
    let refusal = Refusal::new(503, "overloaded", detail);
    let mut response = to_response(&refusal, None);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
