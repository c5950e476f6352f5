//! What is refused while memory is short, and what is given back. Reading, acknowledging and leaving
//! always go on, so that memory drains.

use std::cmp::Reverse;
use std::rc::Rc;

use broker_codec::ReasonCode;
use fabric::Rejection;
use uns_model::OrgId;

use super::publish::Origin;
use super::{Engine, Now};
use crate::broker::OWED_FULL;
use crate::gate::{Gate, Taken};
use crate::key::Key;
use crate::message::Message;
use crate::pressure::{Pressure, memory_full};
use crate::route::{Route, Routes};
use crate::stats::{End, Limit};

impl<G: Gate> Engine<G> {
    /// Acts on how short memory is now.
    #[inline]
    pub(super) fn feel(&mut self) {
        let shortage = self.broker.shortage();
        if shortage != self.desk.shortage {
            self.change_shortage(shortage);
        }
    }

    #[cold]
    fn change_shortage(&mut self, shortage: u8) {
        self.desk.shortage = shortage;
        let pressure = Pressure::from_byte(shortage & !OWED_FULL);
        let before = std::mem::replace(&mut self.desk.pressure, pressure);
        if pressure > before {
            self.routes = Routes::new(self.broker.config.routes_max);
            self.desk.give_back();
        }
    }

    /// Admits it unless memory is short.
    pub(super) fn take_in(
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
        if self.desk.shortage <= Pressure::Reclaim as u8 {
            return Ok(());
        }
        self.judge_memory(org, message, route)
    }

    #[cold]
    fn judge_memory(
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
        let pressure = self.desk.pressure;
        let refused = if pressure == Pressure::Full {
            Some("publishes")
        } else if pressure.is_short() && retain && !self.broker.retained.replaces(org, topic, bytes)
        {
            Some("more retained messages")
        } else if message.qos > 0 && route.may_owe_absent() {
            Some("messages for clients that are not connected")
        } else {
            None
        };
        let Some(what) = refused else { return Ok(()) };
        self.desk.stats.limited(Limit::Memory);
        self.desk.stats.memory_publishes += 1;
        Err(memory_full(what))
    }

    /// Ends a connection that holds too much while memory is short.
    pub fn shed(&mut self, now: Now, key: Key) {
        self.desk.stats.limited(Limit::Memory);
        self.fail(now, key, ReasonCode::QuotaExceeded);
    }

    /// While memory is short, clients that take nothing and have the most waiting are cut off,
    /// until what waits is within its bound.
    pub(super) fn cut_slow(&mut self, now: Now) {
        let max = self.desk.waiting_max();
        if !self.desk.pressure.is_short() || self.desk.waiting <= max {
            return;
        }
        let blocked = self.connections.iter().filter_map(|(key, connection)| {
            let outbound = &connection.outbound;
            outbound.blocked_since.is_some().then(|| (outbound.backlog(), key))
        });
        let mut blocked: Vec<_> = blocked.collect();
        blocked.sort_unstable_by_key(|(backlog, _)| Reverse(*backlog));
        for (backlog, key) in blocked {
            if self.desk.waiting <= max / 2 {
                break;
            }
            self.desk.stats.limited(Limit::Memory);
            self.count_end(key, End::Limit);
            let waiting = self.desk.waiting.saturating_sub(backlog);
            self.end(now, key);
            self.discard_output(key);
            self.desk.waiting = waiting;
        }
    }
}
