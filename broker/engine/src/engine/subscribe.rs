//! SUBSCRIBE and UNSUBSCRIBE: one answer per packet, one code per filter.

use std::sync::Arc;

use broker_codec::{
    ReasonCode, RetainHandling, Subscribe, SubscribeOptions, Unsubscribe, check_filter, shared,
};
use fabric::SessionChange;

use super::Engine;
use super::step::Fatal;
use super::throttle::may_subscribe;
use crate::commits::waiter::Granted;
use crate::gate::Gate;
use crate::key::{Address, Key};
use crate::now::Now;
use crate::outbound::owed_retained::OwedRetained;
use crate::routing::retained::Walk;
use crate::routing::tree::{Holder, Subscriber, Wish};
use crate::sessions::subscriptions::NotGranted;
use crate::stats::Limit;

/// A subscription that was granted.
struct Subscribed<'a> {
    filter: &'a str,
    options: SubscribeOptions,
    /// The client is to get the retained messages, and the log is told when it has them.
    walk: bool,
}

impl<G: Gate> Engine<G> {
    pub(super) fn subscribe(
        &mut self,
        now: Now,
        key: Key,
        subscribe: &Subscribe<'_>,
    ) -> Result<(), Fatal> {
        let mut granted = Granted::new(subscribe.packet_id);
        let mut walks = Vec::new();
        let bridge = self.sessions.get(key).is_some_and(|connection| connection.bridge);
        let start = self.walk_start(now);
        for (filter, options) in subscribe.filters.iter() {
            let options = if bridge { as_bridge(filter, options) } else { options };
            let wish = Wish {
                qos: options.qos.level(),
                no_local: options.no_local,
                retain_as_published: options.retain_as_published,
                identifier: subscribe.subscription_id,
            };
            granted.codes.push(match self.subscribe_one(key, filter, wish, start.number()) {
                Ok(new) => {
                    // A share gets no retained messages (4.8.2).
                    let walk = wants_retained(options, new) && shared(filter).is_none();
                    if walk {
                        walks.push(OwedRetained::new(filter, &wish, start));
                    }
                    let walk = walk && wish.qos > 0;
                    self.note_subscribed(now, key, &Subscribed { filter, options, walk });
                    if new {
                        granted.undo.push(filter.into());
                    }
                    granted_code(wish.qos)
                }
                Err(NotGranted { reason, limit }) => {
                    if let Some(limit) = limit {
                        self.stats.limited(limit);
                    }
                    reason
                }
            });
        }
        let waits = !walks.is_empty();
        granted.walks = Some(walks);
        self.grant_in_turn(now, key, granted);
        if waits {
            // Behind the answer, which puts the walks where they are found.
            self.await_walks(key);
        }
        Ok(())
    }

    /// Adds or replaces one subscription; returns whether it is new. A walk with this number may follow.
    fn subscribe_one(
        &mut self,
        key: Key,
        filter: &str,
        wish: Wish,
        walk: u64,
    ) -> Result<bool, NotGranted> {
        let me = self.address(key);
        check_filter(filter).map_err(|error| error.reason())?;
        self.check_subscribe(key, filter)?;
        let config = &self.broker.config;
        let connection = self.sessions.get_mut(key).ok_or(ReasonCode::UnspecifiedError)?;
        let new = connection.check_subscription(filter, config, self.pressure.is_short())?;
        let client = self.outbound.get(key).ok_or(ReasonCode::UnspecifiedError)?;
        let link = Some(Arc::clone(&client.link));
        if new && !may_subscribe(&self.broker, connection.org) {
            return Err(NotGranted::beyond(Limit::Subscriptions));
        }
        let session = connection.durable_session();
        // What a share gives may be older than what is retained, and no walk follows.
        let walk = if shared(filter).is_some() { 0 } else { walk };
        let subscriber = Subscriber { wish, link, session, walk };
        let holders = holders(me, session);
        self.routing.subscribe(connection.org, filter, &holders, &subscriber);
        connection.filters.insert(filter.into(), wish);
        Ok(new)
    }

    /// The log learns of a subscription of a durable session.
    fn note_subscribed(
        &mut self,
        now: Now,
        key: Key,
        Subscribed { filter, options, walk }: &Subscribed<'_>,
    ) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let Some(session) = connection.durable_session() else { return };
        let identifier = connection.filters.get(*filter).and_then(|wish| wish.identifier);
        if *walk {
            connection.session.walks.insert((*filter).into());
        }
        let options = options.byte();
        let change = SessionChange::Subscribed { filter, options, identifier, walk: *walk };
        self.gate.session(now.wall, session, &change);
    }

    pub(super) fn unsubscribe(
        &mut self,
        now: Now,
        key: Key,
        unsubscribe: &Unsubscribe<'_>,
    ) -> Result<(), Fatal> {
        let me = self.address(key);
        let Some(connection) = self.sessions.get_mut(key) else { return Ok(()) };
        let session = connection.durable_session();
        let mut granted = Granted::new(unsubscribe.packet_id);
        let mut gone = Vec::new();
        for filter in unsubscribe.filters.iter() {
            let code = connection.unsubscribe(filter);
            if code == ReasonCode::Success {
                gone.push(filter);
                if let Some(client) = self.outbound.get_mut(key) {
                    client.forget_retained(&Walk::new(filter));
                }
                if let Some(session) = session {
                    let change = SessionChange::Unsubscribed { filter };
                    self.gate.session(now.wall, session, &change);
                }
            }
            granted.codes.push(code);
        }
        let holders = holders(me, session);
        self.routing.unsubscribe(connection.org, gone.into_iter(), &holders);
        self.grant_in_turn(now, key, granted);
        Ok(())
    }

    /// Takes subscriptions back that could not be made durable.
    pub(super) fn undo_subscriptions(&mut self, key: Key, filters: &[Box<str>]) {
        let me = self.address(key);
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let holders = holders(me, connection.durable_session());
        for filter in filters {
            connection.unsubscribe(filter);
        }
        let filters = filters.iter().map(|filter| &**filter);
        self.routing.unsubscribe(connection.org, filters, &holders);
    }
}

/// Under whose names a client's subscriptions are in the tree.
fn holders(me: Address, session: Option<uns_model::SessionNo>) -> Vec<Holder> {
    let session = session.map(Holder::Session);
    session.into_iter().chain([Holder::Connection(me)]).collect()
}

/// The options that a bridge means; versions before MQTT 5 cannot ask for them.
fn as_bridge(filter: &str, options: SubscribeOptions) -> SubscribeOptions {
    let no_local = shared(filter).is_none();
    SubscribeOptions { no_local, retain_as_published: true, ..options }
}

fn granted_code(qos: u8) -> ReasonCode {
    match qos {
        0 => ReasonCode::GRANTED_QOS_0,
        1 => ReasonCode::GrantedQoS1,
        _ => ReasonCode::GrantedQoS2,
    }
}

fn wants_retained(options: SubscribeOptions, new: bool) -> bool {
    match options.retain_handling {
        RetainHandling::Always => true,
        RetainHandling::IfNew => new,
        RetainHandling::Never => false,
    }
}
