//! The bytes of a connection, from a plain socket or through layers. A plain socket costs one
//! comparison per system call more than a bare one, and nothing per packet.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::layered::Layered;
use crate::incoming::DetachedSocket;

#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Layered(Box<Layered>),
    /// Its layers panicked, so it can be neither read nor written.
    Broken,
}

impl Stream {
    /// Registers a socket with this thread's runtime.
    pub(super) fn new(socket: DetachedSocket) -> io::Result<Self> {
        let DetachedSocket { stream, layers } = socket;
        let stream = TcpStream::from_std(stream)?;
        Ok(match layers {
            None => Self::Plain(stream),
            Some(layers) => Self::Layered(Box::new(Layered::new(stream, *layers))),
        })
    }

    /// Reads MQTT; no bytes mean the end. If layers have something to write that the socket does not
    /// take, they set `blocked`.
    #[inline]
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
        blocked: &Cell<bool>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, into),
            Self::Layered(_) => self
                .contained(|layered| layered.poll_read(cx, into, blocked))
                .unwrap_or_else(|| Poll::Ready(broken())),
            Self::Broken => Poll::Ready(broken()),
        }
    }

    /// Writes some MQTT. What the layers took counts as written.
    #[inline]
    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.try_write(bytes),
            Self::Layered(_) => {
                self.contained(|layered| layered.try_write(bytes)).unwrap_or_else(broken)
            }
            Self::Broken => broken(),
        }
    }

    /// The certificates that the client showed in TLS.
    pub(super) fn client_certificates(&self) -> Option<&[CertificateDer<'static>]> {
        match self {
            Self::Plain(_) | Self::Broken => None,
            Self::Layered(layered) => layered.client_certificates(),
        }
    }

    /// Whether layers have bytes that the socket did not take yet.
    #[inline]
    pub(super) fn holds_output(&self) -> bool {
        match self {
            Self::Plain(_) | Self::Broken => false,
            Self::Layered(layered) => layered.holds_output(),
        }
    }

    /// Whether layers have something to send before the socket is closed, even if MQTT has not.
    pub(super) fn has_last_words(&self) -> bool {
        match self {
            Self::Plain(_) | Self::Broken => false,
            Self::Layered(layered) => layered.has_last_words(),
        }
    }

    #[inline]
    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => socket.poll_write_ready(cx),
            Self::Layered(layered) => layered.socket().poll_write_ready(cx),
            Self::Broken => Poll::Ready(broken()),
        }
    }

    /// Closes the layers and returns the bare socket.
    pub(super) async fn farewell(self) -> io::Result<TcpStream> {
        match self {
            Self::Plain(socket) => Ok(socket),
            Self::Layered(layered) => {
                let mut farewell = pin!(layered.farewell());
                poll_fn(|cx| caught(|| farewell.as_mut().poll(cx)).unwrap_or(Poll::Ready(broken())))
                    .await
            }
            Self::Broken => broken(),
        }
    }

    /// Whether a panic ended it.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Self::Broken)
    }

    /// Runs code of the layers. A panic in it breaks this stream alone, since the layers share no state.
    fn contained<T>(&mut self, work: impl FnOnce(&mut Layered) -> T) -> Option<T> {
        let Self::Layered(layered) = self else { return None };
        let done = caught(|| work(layered));
        if done.is_none() {
            *self = Self::Broken;
        }
        done
    }
}

fn broken<T>() -> io::Result<T> {
    Err(io::ErrorKind::BrokenPipe.into())
}

/// The result of `work`; `None` after a panic, which the panic hook has logged.
fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Waker;

    use tokio::net::TcpListener;

    use super::*;
    use crate::layers::Layers;

    /// A connection with an empty set of layers.
    async fn layered() -> Stream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stream, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        drop(accepted.unwrap());
        let layers = Layers { tls: None, websocket: None, early: vec![], counters: Arc::default() };
        Stream::Layered(Box::new(Layered::new(stream.unwrap(), layers)))
    }

    #[tokio::test(flavor = "current_thread")]
    async fn layers_that_panicked_are_not_used_again() {
        let mut stream = layered().await;
        assert_eq!(stream.contained(|_| 1), Some(1));
        assert!(!stream.is_broken());
        assert_eq!(stream.contained(|_| -> u8 { unreachable!("the fault of this test") }), None);
        assert!(stream.is_broken() && !stream.has_last_words() && !stream.holds_output());
        let mut room = [0; 8];
        let mut cx = Context::from_waker(Waker::noop());
        let read = stream.poll_read(&mut cx, &mut ReadBuf::new(&mut room), &Cell::new(false));
        assert!(matches!(read, Poll::Ready(Err(_))));
        assert!(stream.try_write(b"x").is_err());
        assert!(stream.farewell().await.is_err());
    }
}
