//! A message that is delivered once it is committed.

use std::rc::Rc;

use crate::key::Address;
use crate::message::Message;
use crate::route::Route;

/// A message of QoS 2 that waits for its commit, with the receivers it had when it was accepted.
#[derive(Debug)]
pub(in crate::engine) struct Held<N> {
    pub(super) route: Rc<Route<N>>,
    /// Whose turn it was in each share of the route.
    pub(super) turns: Box<[Option<usize>]>,
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) expiry: Option<u32>,
    pub(super) properties: Box<[u8]>,
    pub(super) payload: Box<[u8]>,
    pub(super) publisher: Option<Address>,
    /// Its publisher was told that it is taken, whatever becomes of the commit.
    pub(in crate::engine) promised: bool,
}

impl<N> Held<N> {
    pub(super) fn new(message: &Message<'_>, route: &Rc<Route<N>>) -> Self {
        Self {
            route: Rc::clone(route),
            turns: route.shares.iter().map(|share| share.turn()).collect(),
            qos: message.qos,
            retain: message.retain,
            expiry: message.expiry,
            properties: message.properties.into(),
            payload: message.payload.into(),
            publisher: message.publisher,
            promised: false,
        }
    }
}
