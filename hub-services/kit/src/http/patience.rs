//! A socket whose other end has to read: an answer nobody takes ends its connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::http::places::Open;

/// What has to be taken within the time, or all there is.
const TAKEN_MIN: usize = 64 * 1024;

/// The socket of one connection.
#[derive(Debug)]
pub(crate) struct Patience<S> {
    stream: S,
    open: Arc<Open>,
    patience: Duration,
    /// Runs since the client stopped taking what is written.
    waits: Option<Pin<Box<Sleep>>>,
    /// What was taken since then.
    taken: usize,
}

impl<S> Patience<S> {
    pub(crate) fn new(stream: S, open: Arc<Open>, patience: Duration) -> Self {
        Self { stream, open, patience, waits: None, taken: 0 }
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream
    }

    /// After a write: ends the connection if it waits for too long while an answer is under way.
    fn watch(&mut self, cx: &mut Context<'_>, written: &Poll<io::Result<usize>>) -> io::Result<()> {
        match written {
            Poll::Ready(Ok(taken)) => {
                self.taken += taken;
                if self.taken >= TAKEN_MIN {
                    self.waits = None;
                }
                Ok(())
            }
            Poll::Ready(Err(_)) => Ok(()),
            Poll::Pending => {
                let waits = self.waits.get_or_insert_with(|| {
                    self.taken = 0;
                    Box::pin(tokio::time::sleep_until(Instant::now() + self.patience))
                });
                if waits.as_mut().poll(cx).is_pending() {
                    return Ok(());
                }
                self.waits = None;
                if self.open.is_answering() {
                    let why = "the client did not take its answer in time";
                    return Err(io::Error::new(io::ErrorKind::TimedOut, why));
                }
                Ok(())
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patience<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patience<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch(cx, &written)?;
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch(cx, &written)?;
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_pending() {
            self.watch(cx, &Poll::Pending)?;
        }
        ready!(flushed)?;
        self.waits = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
