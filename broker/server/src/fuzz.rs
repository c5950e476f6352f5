//! Entry points for fuzzing the parsers of bytes that reach the hub before the engine does: PROXY
//! header, HTTP upgrade, WebSocket frames, the subject of a certificate.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::handshake::{NoBrowsers, read_proxy_header, serve_upgrade};
use crate::tls::describe;
use crate::websocket::{Deframer, FramesState};

/// A header that is read takes its own bytes and not one of those behind it.
///
/// # Panics
/// On a fault; that is what fuzzing looks for.
pub fn proxy_header(data: &[u8]) {
    let read = |piece: usize| {
        let mut wire = Wire::new(data, piece);
        let known = at_once(read_proxy_header(&mut wire)).map_err(|error| error.kind());
        (known, wire.unread.len())
    };
    let (known, left) = read(data.len().max(1));
    assert_eq!((known, left), read(1), "pieces change nothing");
    assert!(known.is_err() || data.len() - left >= 16, "no header is shorter");
}

/// A request is answered once, and what follows it is handed on unchanged.
///
/// # Panics
/// On a fault; that is what fuzzing looks for.
pub fn upgrade(data: &[u8]) {
    let mut outcomes = Vec::new();
    for piece in [data.len().max(1), 7] {
        let mut wire = Wire::new(data, piece);
        let from = SocketAddr::from(([127, 0, 0, 1], 1));
        let outcome = at_once(serve_upgrade(&mut wire, from, &NoBrowsers));
        match &outcome {
            Ok(early) => {
                assert!(wire.written.starts_with(b"HTTP/1.1 101 "), "it was let in");
                let taken = data.len() - wire.unread.len();
                let read = data.get(..taken).unwrap_or_default();
                assert!(read.ends_with(early), "what came early is what was sent");
            }
            Err(_) => assert!(
                wire.written.is_empty() || wire.written.starts_with(b"HTTP/1.1 4"),
                "it was refused"
            ),
        }
        outcomes.push(outcome.is_ok());
    }
    // In small pieces less of a long request is read before it is too long.
    assert!(outcomes != [true, false] || data.len() > 4096, "pieces change nothing");
}

/// Payload and answers do not depend on how the bytes arrive, and answers stay few.
///
/// # Panics
/// On a fault; that is what fuzzing looks for.
pub fn websocket(data: &[u8]) {
    let decode = |piece: usize| {
        let mut deframer = Deframer::new(1 << 14);
        let (mut payload, mut replies) = (Vec::new(), Vec::new());
        for chunk in data.chunks(piece.max(1)) {
            let mut chunk = chunk.to_vec();
            let kept = deframer.decode(&mut chunk, &mut replies);
            payload.extend_from_slice(chunk.get(..kept).expect("no more than there was"));
        }
        (payload, replies, deframer.state())
    };
    let whole = decode(data.len());
    assert!(whole.0.len() <= data.len(), "a payload is no longer than its frames");
    assert!(whole.1.len() <= (16 << 10) + 256, "answers are bounded");
    assert!(whole.2 == FramesState::Open || whole.1.len() >= 2, "an end is said");
    for piece in [1, 3, 64] {
        assert_eq!(decode(piece), whole, "pieces of {piece} change nothing");
    }
}

/// The words for a subject hold no line break, so that they can be logged.
///
/// # Panics
/// On a fault; that is what fuzzing looks for.
pub fn certificate(data: &[u8]) {
    let certificate = describe(data);
    assert_eq!(&*certificate.der, data, "the certificate itself is kept");
    assert!(!certificate.subject.contains('\n'), "it stays on its line");
    let name = certificate.common_name.unwrap_or_default();
    assert!(!name.chars().any(char::is_control), "a name is text");
}

/// A connection whose bytes are all there.
#[derive(Debug)]
struct Wire<'a> {
    unread: &'a [u8],
    piece: usize,
    written: Vec<u8>,
}

impl<'a> Wire<'a> {
    fn new(unread: &'a [u8], piece: usize) -> Self {
        Self { unread, piece, written: Vec::new() }
    }
}

impl AsyncRead for Wire<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = self.piece.min(into.remaining()).min(self.unread.len());
        let (now, later) = self.unread.split_at(count);
        into.put_slice(now);
        self.unread = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Bytes in memory are never waited for.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("every byte is there"),
    }
}
