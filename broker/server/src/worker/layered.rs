//! A connection with layers: TLS, WebSocket, or WebSocket in TLS. They run on the core's thread, over
//! the same kind of non-blocking socket as a plain connection.

use std::cell::Cell;
use std::io::{self, ErrorKind, IoSlice, Read as _, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::counters::Failure;
use crate::layers::Layers;
use crate::websocket::{self, FramesState};

/// The most MQTT bytes in one WebSocket frame.
const FRAME_BYTES: usize = 64 << 10;
/// How much frame memory a quiet connection keeps.
const KEPT_BYTES: usize = 1 << 10;

#[derive(Debug)]
pub(super) struct Layered {
    socket: TcpStream,
    layers: Layers,
    /// Whole WebSocket frames. The layer below has taken the bytes up to `sent`.
    frames: Vec<u8>,
    sent: usize,
}

/// The socket as TLS reads and writes it.
struct Wire<'a>(&'a TcpStream);

impl io::Read for Wire<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(into)
    }
}

impl io::Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Layered {
    pub(super) fn new(socket: TcpStream, layers: Layers) -> Self {
        Self { socket, layers, frames: Vec::new(), sent: 0 }
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    pub(super) fn holds_output(&self) -> bool {
        self.sent < self.frames.len()
            || self.layers.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Whether a close frame or an alert is still to be sent, which closing the socket at once would lose.
    pub(super) fn has_last_words(&self) -> bool {
        let web = self.layers.websocket.as_ref();
        self.holds_output() || web.is_some_and(|web| web.state() != FramesState::Open)
    }

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
        blocked: &Cell<bool>,
    ) -> Poll<io::Result<()>> {
        loop {
            let before = into.filled().len();
            if self.layers.websocket.as_ref().is_some_and(|web| web.state() != FramesState::Open) {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_below(cx, into))?;
            let fresh = into.filled_mut().get_mut(before..).unwrap_or_default();
            let over = fresh.is_empty();
            let kept = match &mut self.layers.websocket {
                None => fresh.len(),
                Some(web) => {
                    let kept = web.decode(fresh, &mut self.frames);
                    if web.state() == FramesState::Violated {
                        self.layers.failed(Failure::Frames);
                    }
                    kept
                }
            };
            into.set_filled(before + kept);
            if self.holds_output() && !self.flush()? && !blocked.replace(true) {
                // The next turn waits for the socket to take the rest.
                cx.waker().wake_by_ref();
            }
            if over || kept > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Reads the layer below WebSocket; no bytes mean the end.
    fn poll_below(&mut self, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let early = &mut self.layers.early;
        if !early.is_empty() {
            let count = early.len().min(into.remaining());
            into.put_slice(early.get(..count).unwrap_or_default());
            early.drain(..count);
            return Poll::Ready(Ok(()));
        }
        if self.layers.tls.is_none() {
            return Pin::new(&mut self.socket).poll_read(cx, into);
        }
        self.poll_tls(cx, into)
    }

    /// Fills `into` with all that can be read now.
    fn poll_tls(&mut self, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let start = into.filled().len();
        let Some(tls) = &mut self.layers.tls else { return Poll::Ready(Ok(())) };
        loop {
            match tls.reader().read(into.initialize_unfilled()) {
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(count) => {
                    into.advance(count);
                    if into.remaining() == 0 {
                        return Poll::Ready(Ok(()));
                    }
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // The client closed without the closing alert of TLS. Nothing can be cut short unnoticed,
                // because MQTT packets have lengths.
                Err(_) => return Poll::Ready(Ok(())),
            }
            match self.socket.poll_read_ready(cx) {
                Poll::Pending if into.filled().len() > start => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
                Poll::Ready(readable) => readable?,
            }
            match tls.read_tls(&mut Wire(&self.socket)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => return Poll::Ready(Err(error)),
                Ok(_) => {}
            }
            if let Err(error) = tls.process_new_packets() {
                self.layers.failed(Failure::Tls);
                return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, error)));
            }
        }
    }

    pub(super) fn client_certificates(&self) -> Option<&[CertificateDer<'static>]> {
        self.layers.tls.as_ref()?.peer_certificates()
    }

    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.flush()? {
            return Err(ErrorKind::WouldBlock.into());
        }
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            match (&self.layers.websocket, &mut self.layers.tls) {
                (Some(web), _) if web.state() != FramesState::Open => {
                    return Err(ErrorKind::BrokenPipe.into());
                }
                (Some(_), _) => {
                    let payload = rest.get(..FRAME_BYTES).unwrap_or(rest);
                    websocket::binary(payload, &mut self.frames);
                    taken += payload.len();
                }
                (None, Some(tls)) => taken += tls.writer().write(rest)?,
                (None, None) => taken += self.socket.try_write(rest)?,
            }
            if !self.flush()? {
                break;
            }
        }
        Ok(taken)
    }

    /// Writes frames and TLS records to the socket. Returns whether it took all of them.
    fn flush(&mut self) -> io::Result<bool> {
        loop {
            let frames = self.frames.get(self.sent..).unwrap_or_default();
            let written = match &mut self.layers.tls {
                _ if frames.is_empty() => Ok(0),
                Some(tls) => tls.writer().write(frames),
                None => self.socket.try_write(frames),
            };
            let sent = match written {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                written => written?,
            };
            self.sent += sent;
            if !self.flush_tls()? {
                return Ok(false);
            }
            if self.sent == self.frames.len() {
                self.sent = 0;
                self.frames.clear();
                self.frames.shrink_to(KEPT_BYTES);
                return Ok(true);
            }
        }
    }

    fn flush_tls(&mut self) -> io::Result<bool> {
        let Some(tls) = &mut self.layers.tls else { return Ok(true) };
        while tls.wants_write() {
            match tls.write_tls(&mut Wire(&self.socket)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                written => written?,
            };
        }
        Ok(true)
    }

    /// Sends what is left, the close frame and the closing alert, and returns the bare socket.
    pub(super) async fn farewell(mut self: Box<Self>) -> io::Result<TcpStream> {
        if self.layers.websocket.as_ref().is_some_and(|web| web.state() == FramesState::Open) {
            websocket::close(1000, &mut self.frames);
        }
        self.drain().await?;
        if let Some(tls) = &mut self.layers.tls {
            tls.send_close_notify();
        }
        self.drain().await?;
        Ok(self.socket)
    }

    async fn drain(&mut self) -> io::Result<()> {
        while !self.flush()? {
            self.socket.writable().await?;
        }
        Ok(())
    }
}
