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
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tower_service::Service as _;

use crate::Stop;

/// Limits of the listener.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// Open connections; further ones wait in the kernel's backlog.
    pub connections_max: usize,
    /// How long a client may take to send a request's headers, and to stay idle.
    pub header_timeout: Duration,
    /// How long open requests may go on after the stop signal.
    pub drain: Duration,
    /// What a TLS handshake goes by; without it connections are plain.
    pub tls: Option<TlsSource>,
}

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
            connections_max: 4096,
            header_timeout: Duration::from_secs(60),
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
    let slots = Arc::new(Semaphore::new(config.connections_max.max(1)));
    let mut connections = JoinSet::new();
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { break };
        let accepted = tokio::select! {
            () = stop.stopped() => break,
            accepted = listener.accept() => accepted,
        };
        // Reaps what ended, so that the set stays as small as the number of connections.
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                let (router, config, stop) = (router.clone(), config.clone(), stop.clone());
                connections.spawn(async move {
                    connection(stream, peer, router, config, stop).await;
                    drop(slot);
                });
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

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    config: ServeConfig,
    mut stop: Stop,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, %peer, "no TCP_NODELAY");
    }
    let Some(TlsSource(current)) = &config.tls else {
        return speak(stream, peer, router, config, stop).await;
    };
    let handshake = TlsAcceptor::from(current()).accept(stream);
    let handshake = tokio::time::timeout(HANDSHAKE_MAX, handshake);
    let accepted = tokio::select! {
        accepted = handshake => accepted,
        () = stop.stopped() => return,
    };
    match accepted {
        Ok(Ok(stream)) => speak(stream, peer, router, config, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, %peer, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    config: ServeConfig,
    mut stop: Stop,
) {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
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
