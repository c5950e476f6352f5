//! Room for what requests and answers hold in memory: reserved as bytes come and until they are
//! gone, with a share for each caller, so that nobody takes all of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use parking_lot::Mutex;

/// What a request beyond the limits is told.
pub(crate) const OVERLOADED: &str =
    "The hub is working on as much as it may, in all or for this caller. Try again in a second.";

/// Who takes room: an account by its name, anybody else by address.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Who {
    Account(Arc<str>),
    Address(Option<IpAddr>),
}

/// Something of which there is so much, and so much for each caller.
#[derive(Debug)]
pub(crate) struct Room {
    all: usize,
    each: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    all: usize,
    by: HashMap<Who, usize>,
}

impl Room {
    pub(crate) fn new(all: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { all, each, used: Mutex::default() })
    }

    /// Nothing taken yet, for one request of this caller.
    pub(crate) fn part(self: &Arc<Self>, who: Who) -> Part {
        Part { room: Arc::clone(self), who, taken: 0 }
    }

    pub(crate) fn used(&self) -> usize {
        self.used.lock().all
    }
}

/// What one request or answer has taken of a [`Room`].
#[derive(Debug)]
pub(crate) struct Part {
    room: Arc<Room>,
    who: Who,
    taken: usize,
}

impl Part {
    /// Takes more, if there is more for this caller.
    pub(crate) fn take(&mut self, more: usize) -> bool {
        let mut used = self.room.used.lock();
        let own = used.by.get(&self.who).copied().unwrap_or(0);
        if used.all.saturating_add(more) > self.room.all
            || own.saturating_add(more) > self.room.each
        {
            return false;
        }
        used.all += more;
        *used.by.entry(self.who.clone()).or_default() += more;
        self.taken += more;
        true
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.taken == 0 {
            return;
        }
        let mut used = self.room.used.lock();
        used.all -= self.taken;
        if let Some(own) = used.by.get_mut(&self.who) {
            *own -= self.taken;
            if *own == 0 {
                used.by.remove(&self.who);
            }
        }
    }
}

/// What a request has taken so far, shared by all that takes more for it.
#[derive(Clone, Debug)]
pub(crate) struct Reserved(Arc<(Mutex<Part>, AtomicBool)>);

impl Reserved {
    pub(crate) fn new(part: Part) -> Self {
        Self(Arc::new((Mutex::new(part), AtomicBool::new(false))))
    }

    /// Takes more, and remembers if there was none.
    pub(crate) fn take(&self, more: usize) -> bool {
        let taken = self.0.0.lock().take(more);
        if !taken {
            self.0.1.store(true, Ordering::Relaxed);
        }
        taken
    }

    /// Whether something found no room.
    pub(crate) fn is_refused(&self) -> bool {
        self.0.1.load(Ordering::Relaxed)
    }
}

/// The body of a request, for which room is taken as its bytes arrive.
pub(crate) struct Arriving {
    body: Body,
    reserved: Reserved,
}

impl Arriving {
    pub(crate) fn new(body: Body, reserved: Reserved) -> Self {
        Self { body, reserved }
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
            && !self.reserved.take(data.len())
        {
            return Poll::Ready(Some(Err(axum::Error::new("no room for the body"))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer. What it was given is kept until the last of its bytes is written, also of
/// those that wait in a buffer of the connection or of a compressor.
pub(crate) struct Leaving<T> {
    body: Body,
    kept: Arc<T>,
}

impl<T> Leaving<T> {
    pub(crate) fn new(body: Body, kept: T) -> Self {
        Self { body, kept: Arc::new(kept) }
    }
}

/// Bytes on their way out, with what is kept for them.
struct Held<T> {
    bytes: Bytes,
    _kept: Arc<T>,
}

impl<T> AsRef<[u8]> for Held<T> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T: Send + Sync + 'static> HttpBody for Leaving<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let kept = Arc::clone(&self.kept);
        polled
            .map_ok(|frame| frame.map_data(|bytes| Bytes::from_owner(Held { bytes, _kept: kept })))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_more_than_a_share_and_all_no_more_than_there_is() {
        let room = Room::new(100, 60);
        let who = |name: &str| Who::Account(name.into());
        let mut first = room.part(who("a"));
        assert!(first.take(50) && !first.take(11) && first.take(10));
        let mut more = room.part(who("a"));
        assert!(!more.take(1), "the same caller");
        let mut second = room.part(Who::Address(None));
        assert!(second.take(40) && !second.take(1));
        drop(first);
        assert!(more.take(60) && room.used() == 100);
        drop((more, second));
        assert!(room.used() == 0 && room.used.lock().by.is_empty());
    }

    #[tokio::test]
    async fn what_is_kept_goes_with_the_last_byte() {
        let room = Room::new(100, 100);
        let mut part = room.part(Who::Address(None));
        assert!(part.take(9));
        let mut body = Leaving::new(Body::from("of a body"), part);
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let bytes = frame.unwrap().unwrap().into_data().unwrap();
        drop(body);
        let last = bytes.slice(7..);
        drop(bytes);
        assert_eq!((room.used(), &last[..]), (9, &b"dy"[..]));
        drop(last);
        assert_eq!(room.used(), 0);
    }
}
