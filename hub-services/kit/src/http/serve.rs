//! Serving: connections up to a limit, in TLS or not, headers in bounded time and size, upgrades, a
//! graceful end.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tower_service::Service as _;

use crate::Stop;

/// Limits of the listener.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// Places of open connections, which listeners may share; who finds none waits in the kernel's
    /// backlog.
    pub places: Places,
    /// How long a client may take to send a request's headers, and to stay idle.
    pub header_timeout: Duration,
    /// How long open requests may go on after the stop signal.
    pub drain: Duration,
    /// What a TLS handshake goes by; without it connections are plain.
    pub tls: Option<TlsSource>,
}

/// How many connections may be open at once.
#[derive(Clone, Debug)]
pub struct Places(Arc<Semaphore>);

impl Places {
    /// So many, and at least one for each of two listeners that wait for theirs.
    pub fn new(connections_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(connections_max.clamp(2, Semaphore::MAX_PERMITS))))
    }
}

/// The place of one connection, an extension of its requests: who takes a connection over keeps it.
#[derive(Clone, Debug)]
pub struct Place(
    #[expect(dead_code, reason = "it is kept, not looked at")] Arc<OwnedSemaphorePermit>,
);

/// Connections there may be unless something else is said.
pub const CONNECTIONS_MAX: usize = 4096;

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
            drain: Duration::from_secs(5),
            tls: None,
        }
    }
}

/// How long a TLS handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Headers of one request, and the read buffer of one connection.
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// Answers connections until the stop signal, then lets open requests finish within `drain`.
pub async fn serve(listener: TcpListener, router: Router, config: ServeConfig, mut stop: Stop) {
    let mut connections = JoinSet::new();
    loop {
        let place = tokio::select! {
            () = stop.stopped() => break,
            place = Arc::clone(&config.places.0).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = stop.stopped() => break,
            accepted = listener.accept() => accepted,
        };
        // Reaps what ended, so that the set stays as small as the number of connections.
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                let place = Place(Arc::new(place));
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
        let accepted = tokio::select! {
            accepted = handshake => accepted,
            () = self.stop.stopped() => return,
        };
        match accepted {
            Ok(Ok(stream)) => self.speak(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, %peer, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
        }
    }

    async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Self { peer, place, router, config, mut stop } = self;
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let mut router = router.clone();
            let mut request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(place.clone());
            async move {
                let response = router.call(request).await;
                Ok::<_, Infallible>(response.unwrap_or_else(|never| match never {}))
            }
        });
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(config.header_timeout)
            .max_buf_size(HEADER_BYTES_MAX);
        let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
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
