//! A message on its way from admission to its receivers.

use std::rc::Rc;

use fabric::Place;

use crate::message::Message;
use crate::routing::route::Route;

/// A message that was admitted, where it goes, and where its record stands.
#[derive(Debug)]
pub(super) struct Routed<'a, N> {
    pub(super) message: &'a Message<'a>,
    pub(super) route: &'a Rc<Route<N>>,
    pub(super) place: Option<Place>,
}

impl<N> Clone for Routed<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for Routed<'_, N> {}
