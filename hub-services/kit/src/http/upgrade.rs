//! Connections that stop being HTTP, for whoever serves what they become.

use std::io;

use axum::extract::Request;
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The connection of a request that is answered with 101.
#[derive(Debug)]
pub struct Upgrade(OnUpgrade);

impl Upgrade {
    /// Takes it from the request, if its connection can be upgraded.
    pub fn of(request: &mut Request) -> Option<Self> {
        request.extensions_mut().remove().map(Self)
    }

    /// The bare socket and what was read from it after the request. It comes once the answer is
    /// sent, so this is to be awaited in a task of its own.
    pub async fn socket(self) -> io::Result<(TcpStream, Bytes)> {
        let upgraded = self.0.await.map_err(io::Error::other)?;
        let parts = upgraded
            .downcast::<TokioIo<TcpStream>>()
            .map_err(|_| io::Error::other("the connection is no TCP socket"))?;
        Ok((parts.io.into_inner(), parts.read_buf))
    }
}
