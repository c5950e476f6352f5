//! What is refused while memory is short, and what is freed. Reading, acknowledging and leaving
//! always go on, so that memory drains.

use std::rc::Rc;

use broker_codec::ReasonCode;
use fabric::Rejection;
use uns_model::OrgId;

use super::Engine;
use super::publish::Origin;
use crate::broker::OWED_FULL;
use crate::gate::{Gate, Taken};
use crate::key::Key;
use crate::message::Message;
use crate::now::Now;
use crate::pressure::{Pressure, memory_full};
use crate::routing::route::Route;
use crate::stats::{End, Limit};

impl<G: Gate> Engine<G> {
    /// Acts on how short memory is now.
    #[inline]
    pub(super) fn update_memory_pressure(&mut self) {
        let shortage = self.broker.shortage();
        if shortage != self.shortage {
            self.change_shortage(shortage);
        }
    }

    #[cold]
    fn change_shortage(&mut self, shortage: u8) {
        self.shortage = shortage;
        let pressure = Pressure::from_byte(shortage & !OWED_FULL);
        let before = std::mem::replace(&mut self.pressure, pressure);
        if pressure > before {
            self.routing.forget_routes();
        }
        self.outbound.set_memory_pressure(pressure);
    }

    /// Admits it unless memory is short.
    pub(super) fn admit_within_memory(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        message: &Message<'_>,
        route: &Rc<Route<G::Node>>,
    ) -> Result<Taken, Rejection> {
        self.has_memory(origin.org, message, route)?;
        self.admit(now, origin, message, route)
    }

    /// Whether there is memory for a publish. One that nothing keeps is taken until every one is
    /// refused; one that clears a retained message is always taken.
    #[inline]
    fn has_memory(
        &mut self,
        org: OrgId,
        message: &Message<'_>,
        route: &Route<G::Node>,
    ) -> Result<(), Rejection> {
        // Nothing is short, or what can be had again.
        if self.shortage <= Pressure::Reclaim as u8 {
            return Ok(());
        }
        self.check_memory(org, message, route)
    }

    #[cold]
    fn check_memory(
        &mut self,
        org: OrgId,
        message: &Message<'_>,
        route: &Route<G::Node>,
    ) -> Result<(), Rejection> {
        let retain = Self::retains(route, message.retain);
        if retain && message.payload.is_empty() {
            return Ok(());
        }
        let (topic, bytes) = (message.topic, message.bytes());
        let pressure = self.pressure;
        let refused = if pressure == Pressure::Full {
            Some("publishes")
        } else if pressure.is_short()
            && retain
            && !self.routing.retained().replaces(org, topic, bytes)
        {
            Some("more retained messages")
        } else if message.qos > 0 && route.may_owe_absent() {
            Some("messages for clients that are not connected")
        } else {
            None
        };
        let Some(what) = refused else { return Ok(()) };
        self.stats.limited(Limit::Memory);
        self.stats.memory_publishes += 1;
        Err(memory_full(what))
    }

    /// Ends a connection that holds too much memory while memory is short.
    pub fn end_for_memory(&mut self, now: Now, key: Key) {
        self.stats.limited(Limit::Memory);
        self.fail(now, key, ReasonCode::QuotaExceeded);
    }

    /// While memory is short, clients that take nothing and have the most waiting are cut off, until
    /// what waits is within its bound.
    pub(super) fn cut_slow(&mut self, now: Now) {
        let max = self.outbound.waiting_max();
        if !self.pressure.is_short() || self.outbound.waiting() <= max {
            return;
        }
        for (backlog, key) in self.outbound.blocked() {
            if self.outbound.waiting() <= max / 2 {
                break;
            }
            self.stats.limited(Limit::Memory);
            self.count_end(key, End::Limit);
            self.end(now, key);
            self.outbound.forget_backlog(key, backlog);
        }
    }
}
