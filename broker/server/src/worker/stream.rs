//! A connection's bytes: of a plain socket directly, or through layers. The plain one costs one
//! comparison more per system call than a bare socket, and nothing per packet.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::Carrier;
use super::layered::Layered;

#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Layered(Box<Layered>),
}

impl Stream {
    /// Takes a socket over into this thread's runtime.
    pub(super) fn new(carrier: Carrier) -> io::Result<Self> {
        let Carrier { stream, layers } = carrier;
        let stream = TcpStream::from_std(stream)?;
        Ok(match layers {
            None => Self::Plain(stream),
            Some(layers) => Self::Layered(Box::new(Layered::new(stream, *layers))),
        })
    }

    /// Reads MQTT; nothing is the end. Layers with something to say set `blocked` if the socket
    /// does not take it.
    #[inline]
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
        blocked: &Cell<bool>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, into),
            Self::Layered(layered) => layered.poll_read(cx, into, blocked),
        }
    }

    /// Writes some MQTT; what layers took counts as written.
    #[inline]
    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.try_write(bytes),
            Self::Layered(layered) => layered.try_write(bytes),
        }
    }

    /// What its client showed in TLS.
    pub(super) fn client_certificates(&self) -> Option<&[CertificateDer<'static>]> {
        match self {
            Self::Plain(_) => None,
            Self::Layered(layered) => layered.client_certificates(),
        }
    }

    /// Whether layers hold bytes that the socket did not take yet.
    #[inline]
    pub(super) fn holds_output(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Layered(layered) => layered.holds_output(),
        }
    }

    /// Whether layers have something to say before the socket is closed, even if MQTT has not.
    pub(super) fn has_last_words(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Layered(layered) => layered.has_last_words(),
        }
    }

    #[inline]
    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => socket.poll_write_ready(cx),
            Self::Layered(layered) => layered.socket().poll_write_ready(cx),
        }
    }

    /// Says good-bye in the layers and gives the bare socket back.
    pub(super) async fn farewell(self) -> io::Result<TcpStream> {
        match self {
            Self::Plain(socket) => Ok(socket),
            Self::Layered(layered) => layered.farewell().await,
        }
    }
}
