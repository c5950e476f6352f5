//! Reads one connection: one chunk per turn, many packets per chunk.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use broker_engine::Received;
use tokio::io::ReadBuf;

use super::connection::{Closing, Connection};
use super::drain::drain;
use super::memory::{is_too_large_now, shed};
use super::panics::{lose, receive};
use super::state::{READ_BYTES, Worker};
use super::write::write;

/// Serves a connection until it is closed.
pub(super) async fn serve(worker: Rc<Worker>, connection: Rc<Connection>) {
    poll_fn(|cx| turn(&worker, &connection, cx)).await;
    worker.connections.remove(connection.key);
    let now = worker.now();
    let was_connected = worker.engine.borrow_mut().closed(now, connection.key);
    worker.flush_soon();
    let draining = was_connected.then(|| Rc::clone(&worker.draining));
    drop(worker);
    let has_written = connection.closing.get() == Closing::Graceful && connection.has_written.get();
    let must_drain = has_written || connection.stream.borrow().has_last_words();
    if must_drain && let Some(connection) = Rc::into_inner(connection) {
        // Boxed to keep the common case small: few connections are closing at any time.
        Box::pin(drain(connection.stream.into_inner(), draining)).await;
    }
}

/// One turn of a connection's task.
fn turn(worker: &Worker, connection: &Connection, cx: &mut Context<'_>) -> Poll<()> {
    connection.polled(cx);
    if connection.blocked.get() {
        let ready = connection.stream.borrow().poll_write_ready(cx);
        match ready {
            Poll::Ready(Ok(())) => {
                connection.blocked.set(false);
                write(worker, connection);
            }
            Poll::Ready(Err(_)) => lose(worker, connection),
            Poll::Pending => {}
        }
    }
    if connection.retry.replace(false) && connection.closing.get() == Closing::No {
        offer_unread(worker, connection);
    }
    match connection.closing.get() {
        Closing::Graceful | Closing::Lost => return Poll::Ready(()),
        Closing::Flushing => return Poll::Pending,
        Closing::No if connection.paused.get() => return Poll::Pending,
        Closing::No => {}
    }
    loop {
        match read(worker, connection, cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Chunk::Partial)) => {}
            // There may be more, but other connections come first.
            Poll::Ready(Some(Chunk::Full)) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(None) => {
                lose(worker, connection);
                return Poll::Ready(());
            }
        }
        if connection.paused.get() || connection.closing.get() != Closing::No {
            return Poll::Pending;
        }
    }
}

/// Reads one chunk and hands it to the engine; `None` if the stream has ended. A chunk smaller than
/// asked for has cleared the socket's readiness, so asking again costs no system call.
fn read(worker: &Worker, connection: &Connection, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
    let mut buffer = worker.buffer.borrow_mut();
    let mut unread = connection.unread.borrow_mut();
    // The rest of the last chunk goes in front of the new one, so that the engine sees both as one
    // slice. A large packet grows in its own buffer instead.
    let before = if unread.len() <= READ_BYTES { unread.len() } else { 0 };
    let Some((head, room)) = buffer.split_at_mut_checked(before) else {
        return Poll::Ready(None);
    };
    let Some(room) = room.get_mut(..READ_BYTES) else { return Poll::Ready(None) };
    let asked = room.len();
    let mut into = ReadBuf::new(room);
    let mut stream = connection.stream.borrow_mut();
    match stream.poll_read(cx, &mut into, &connection.blocked) {
        Poll::Pending => return Poll::Pending,
        Poll::Ready(Err(_)) => return Poll::Ready(None),
        Poll::Ready(Ok(())) => {}
    }
    drop(stream);
    let read = into.filled().len();
    if read == 0 {
        return Poll::Ready(None);
    }
    if before == unread.len() {
        head.copy_from_slice(&unread);
        let bytes = buffer.get(..before + read).unwrap_or_default();
        let used = handle(worker, connection, bytes);
        unread.clear();
        unread.extend_from_slice(bytes.get(used..).unwrap_or_default());
    } else {
        unread.extend_from_slice(into.filled());
        let used = handle(worker, connection, &unread);
        unread.drain(..used);
        if is_too_large_now(worker, unread.len()) {
            drop((buffer, unread));
            shed(worker, worker.now(), connection);
            return Poll::Ready(Some(Chunk::Partial));
        }
    }
    if unread.is_empty() && unread.capacity() > 0 {
        *unread = Vec::new();
    }
    worker.flush_soon();
    Poll::Ready(Some(if read == asked { Chunk::Full } else { Chunk::Partial }))
}

/// Offers the engine what it did not take before.
fn offer_unread(worker: &Worker, connection: &Connection) {
    let mut unread = connection.unread.borrow_mut();
    if unread.is_empty() {
        return;
    }
    let used = handle(worker, connection, &unread);
    unread.drain(..used);
    worker.flush_soon();
}

/// Lets the engine handle bytes. Returns how many it used.
fn handle(worker: &Worker, connection: &Connection, bytes: &[u8]) -> usize {
    match receive(worker, connection, bytes) {
        Received::More(used) => used,
        Received::Paused(used) => {
            connection.paused.set(true);
            used
        }
        Received::Done => {
            connection.closing.set(Closing::Flushing);
            bytes.len()
        }
    }
}

/// How much a read returned.
enum Chunk {
    /// All there was.
    Partial,
    /// As much as was asked for.
    Full,
}
