//! Connections that stop being HTTP, for whoever serves what they become.

use std::io;

use axum::extract::Request;
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::http::patience::Patience;

/// The connection of a request that is answered with 101.
#[derive(Debug)]
pub struct Upgrade(OnUpgrade);

impl Upgrade {
    /// Takes it from the request, if its connection can be upgraded.
    pub fn of(request: &mut Request) -> Option<Self> {
        request.extensions_mut().remove().map(Self)
    }

    /// The connection and what was read from it after the request. It comes once the answer is
    /// sent, so this is to be awaited in a task of its own.
    pub async fn carrier(self) -> io::Result<(Carrier, Bytes)> {
        let upgraded = self.0.await.map_err(io::Error::other)?;
        let upgraded = match upgraded.downcast::<TokioIo<Patience<TcpStream>>>() {
            Ok(parts) => {
                return Ok((Carrier::Tcp(parts.io.into_inner().into_inner()), parts.read_buf));
            }
            Err(other) => other,
        };
        let parts = upgraded
            .downcast::<TokioIo<Patience<TlsStream<TcpStream>>>>()
            .map_err(|_| io::Error::other("the connection is neither TCP nor TLS"))?;
        Ok((Carrier::Tls(Box::new(parts.io.into_inner().into_inner())), parts.read_buf))
    }
}

/// What carried a request.
#[derive(Debug)]
pub enum Carrier {
    /// A bare socket.
    Tcp(TcpStream),
    /// TLS over one.
    Tls(Box<TlsStream<TcpStream>>),
}
