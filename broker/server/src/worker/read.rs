//! Reading one connection: a chunk per turn, many packets per chunk.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use broker_engine::Received;
use tokio::io::ReadBuf;

use super::linger::linger;
use super::link::{End, Link};
use super::{READ_BYTES, Worker};

/// Serves a connection until it is closed.
pub(super) async fn serve(worker: Rc<Worker>, link: Rc<Link>) {
    poll_fn(|cx| worker.turn(&link, cx)).await;
    worker.links.borrow_mut().remove(&link.key);
    let now = worker.now();
    let connected = worker.engine.borrow_mut().closed(now, link.key);
    worker.flush_soon();
    let lingering = connected.then(|| Rc::clone(&worker.lingering));
    drop(worker);
    let spoke = link.end.get() == End::Graceful && link.spoke.get();
    let last_words = spoke || link.stream.borrow().has_last_words();
    if last_words && let Some(link) = Rc::into_inner(link) {
        // Boxed, so that the many connections that do not end now have no room for it.
        Box::pin(linger(link.stream.into_inner(), lingering)).await;
    }
}

impl Worker {
    /// One turn of a connection's task.
    fn turn(&self, link: &Link, cx: &mut Context<'_>) -> Poll<()> {
        link.polled(cx);
        if link.blocked.get() {
            let ready = link.stream.borrow().poll_write_ready(cx);
            match ready {
                Poll::Ready(Ok(())) => {
                    link.blocked.set(false);
                    self.write(link);
                }
                Poll::Ready(Err(_)) => self.lose(link),
                Poll::Pending => {}
            }
        }
        if link.retry.replace(false) && link.end.get() == End::Not {
            self.offer_unread(link);
        }
        match link.end.get() {
            End::Graceful | End::Lost => return Poll::Ready(()),
            End::Flushing => return Poll::Pending,
            End::Not if link.paused.get() => return Poll::Pending,
            End::Not => {}
        }
        loop {
            match self.read(link, cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Chunk::Partial)) => {}
                // There may be more: others come first.
                Poll::Ready(Some(Chunk::Full)) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(None) => {
                    self.lose(link);
                    return Poll::Ready(());
                }
            }
            if link.paused.get() || link.end.get() != End::Not {
                return Poll::Pending;
            }
        }
    }

    /// Reads one chunk and hands it to the engine. A chunk smaller than asked for has cleared the
    /// socket's readiness, so asking again costs no system call.
    fn read(&self, link: &Link, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
        let mut buffer = self.buffer.borrow_mut();
        let mut unread = link.unread.borrow_mut();
        // What is left of the last chunk goes before the new one, unless it is a large packet,
        // which grows in its own buffer as its bytes arrive.
        let before = if unread.len() <= READ_BYTES { unread.len() } else { 0 };
        let Some((head, room)) = buffer.split_at_mut_checked(before) else {
            return Poll::Ready(None);
        };
        let Some(room) = room.get_mut(..READ_BYTES) else { return Poll::Ready(None) };
        let asked = room.len();
        let mut into = ReadBuf::new(room);
        let mut stream = link.stream.borrow_mut();
        match stream.poll_read(cx, &mut into, &link.blocked) {
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
            let used = self.handle(link, bytes);
            unread.clear();
            unread.extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            unread.extend_from_slice(into.filled());
            let used = self.handle(link, &unread);
            unread.drain(..used);
            if self.is_too_large_now(unread.len()) {
                drop((buffer, unread));
                self.shed(self.now(), link);
                return Poll::Ready(Some(Chunk::Partial));
            }
        }
        if unread.is_empty() && unread.capacity() > 0 {
            *unread = Vec::new();
        }
        self.flush_soon();
        Poll::Ready(Some(if read == asked { Chunk::Full } else { Chunk::Partial }))
    }

    /// Offers what had to wait.
    fn offer_unread(&self, link: &Link) {
        let mut unread = link.unread.borrow_mut();
        if unread.is_empty() {
            return;
        }
        let used = self.handle(link, &unread);
        unread.drain(..used);
        self.flush_soon();
    }

    /// Lets the engine handle bytes; returns how many it used.
    fn handle(&self, link: &Link, bytes: &[u8]) -> usize {
        match self.receive(link, bytes) {
            Received::More(used) => used,
            Received::Paused(used) => {
                link.paused.set(true);
                used
            }
            Received::Done => {
                link.end.set(End::Flushing);
                bytes.len()
            }
        }
    }
}

/// How much a read brought.
enum Chunk {
    /// All there was.
    Partial,
    /// As much as fits.
    Full,
}
