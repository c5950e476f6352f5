//! The socket side of a connection, and the connections of a core.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::task::{Context, Waker};

use broker_engine::Key;

use super::stream::Stream;
use crate::addresses::AddressSlot;

/// A socket and the state of its task.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) key: Key,
    pub(super) stream: RefCell<Stream>,
    /// Bytes of an incomplete packet, or of packets that the engine does not take yet.
    pub(super) unread: RefCell<Vec<u8>>,
    waker: RefCell<Option<Waker>>,
    /// The socket takes no more bytes for now.
    pub(super) blocked: Cell<bool>,
    /// Something was written, which the client should read before the socket is closed.
    pub(super) has_written: Cell<bool>,
    /// The engine takes nothing more for now.
    pub(super) paused: Cell<bool>,
    /// The engine may take what is unread.
    pub(super) retry: Cell<bool>,
    pub(super) closing: Cell<Closing>,
    /// Freed together with the connection.
    _address_slot: AddressSlot,
}

/// How far a connection is with its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Closing {
    /// It is open.
    No,
    /// Nothing more is read; what is to be written is written first.
    Flushing,
    /// All is written: the socket is half-closed, and its client has some time to read.
    Graceful,
    /// The socket is broken.
    Lost,
}

impl Connection {
    pub(super) fn new(key: Key, stream: Stream, address_slot: AddressSlot) -> Self {
        Self {
            key,
            stream: RefCell::new(stream),
            unread: RefCell::default(),
            waker: RefCell::default(),
            blocked: Cell::new(false),
            has_written: Cell::new(false),
            paused: Cell::new(false),
            retry: Cell::new(false),
            closing: Cell::new(Closing::No),
            _address_slot: address_slot,
        }
    }

    /// Remembers the task that polls it.
    pub(super) fn polled(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
    }

    /// Wakes its task.
    pub(super) fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}

/// The connections of a core.
#[derive(Debug, Default)]
pub(super) struct Connections(RefCell<HashMap<Key, Rc<Connection>, ahash::RandomState>>);

impl Connections {
    pub(super) fn get(&self, key: Key) -> Option<Rc<Connection>> {
        self.0.borrow().get(&key).cloned()
    }

    pub(super) fn insert(&self, connection: &Rc<Connection>) {
        self.0.borrow_mut().insert(connection.key, Rc::clone(connection));
    }

    pub(super) fn remove(&self, key: Key) {
        self.0.borrow_mut().remove(&key);
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        self.0.borrow().keys().copied().collect()
    }

    pub(super) fn all(&self) -> Vec<Rc<Connection>> {
        self.0.borrow().values().cloned().collect()
    }
}
