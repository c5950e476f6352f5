//! The socket side of one connection.

use std::cell::{Cell, RefCell};
use std::task::{Context, Waker};

use broker_engine::Key;

use super::stream::Stream;
use crate::addresses::AddressPlace;

/// A socket and what is known of it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) key: Key,
    pub(super) stream: RefCell<Stream>,
    /// Bytes of an incomplete packet, or of packets that wait.
    pub(super) unread: RefCell<Vec<u8>>,
    waker: RefCell<Option<Waker>>,
    /// The socket takes no more for now.
    pub(super) blocked: Cell<bool>,
    /// Something was written, which its client shall have read before the socket goes.
    pub(super) spoke: Cell<bool>,
    /// The engine wants nothing more for now.
    pub(super) paused: Cell<bool>,
    /// What is unread may be offered again.
    pub(super) retry: Cell<bool>,
    pub(super) end: Cell<End>,
    /// Given back when it is gone.
    _place: AddressPlace,
}

/// How a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// It does not.
    Not,
    /// Nothing more is read; the output goes out first.
    Flushing,
    /// All is written: half-close, and wait a little for the other side to have read it.
    Graceful,
    /// The socket is dead.
    Lost,
}

impl Link {
    pub(super) fn new(key: Key, stream: Stream, place: AddressPlace) -> Self {
        Self {
            key,
            stream: RefCell::new(stream),
            unread: RefCell::default(),
            waker: RefCell::default(),
            blocked: Cell::new(false),
            spoke: Cell::new(false),
            paused: Cell::new(false),
            retry: Cell::new(false),
            end: Cell::new(End::Not),
            _place: place,
        }
    }

    /// Remembers who polls it.
    pub(super) fn polled(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
    }

    /// Has its task look again.
    pub(super) fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}
