//! SUBSCRIBE and UNSUBSCRIBE: one answer per packet, one code per filter.

use std::sync::Arc;

use broker_codec::{
    AckProperties, ReasonCode, ReasonCodes, RetainHandling, Suback, Subscribe, SubscribeOptions,
    Unsuback, Unsubscribe, check_filter, shared,
};

use super::receive::Fatal;
use super::{Engine, Now};
use crate::gate::Gate;
use crate::key::Key;
use crate::outbound::OwedRetained;
use crate::retained::Walk;
use crate::tree::{Holder, Subscriber, Wish};

impl<G: Gate> Engine<G> {
    pub(super) fn subscribe(
        &mut self,
        now: Now,
        key: Key,
        subscribe: &Subscribe<'_>,
    ) -> Result<(), Fatal> {
        let mut codes = Vec::new();
        let mut owed = Vec::new();
        for (filter, options) in subscribe.filters.iter() {
            let wish = Wish {
                qos: options.qos.level().min(1),
                no_local: options.no_local,
                retain_as_published: options.retain_as_published,
                identifier: subscribe.subscription_id,
            };
            codes.push(match self.subscribe_one(key, filter, wish) {
                Ok(replaced) => {
                    // A share gets no retained messages (4.8.2).
                    if wants_retained(options, replaced) && shared(filter).is_none() {
                        owed.push(OwedRetained {
                            walk: Walk::new(filter),
                            qos: wish.qos,
                            identifier: wish.identifier,
                        });
                    }
                    if wish.qos == 1 { ReasonCode::GrantedQoS1 } else { ReasonCode::GRANTED_QOS_0 }
                }
                Err(code) => code,
            });
        }
        let Some(connection) = self.connections.get_mut(key) else { return Ok(()) };
        let suback = Suback {
            packet_id: subscribe.packet_id,
            properties: AckProperties::default(),
            codes: ReasonCodes::new(&codes),
        };
        let sink = connection.outbound.sink(&mut self.desk);
        suback.encode(connection.version, sink).map_err(|_| Fatal(ReasonCode::PacketTooLarge))?;
        Self::mark_dirty(connection, key, &mut self.effects.dirty);
        // A walk that waits is asked for anew by the same filter: it is not owed twice.
        for walk in owed {
            connection.outbound.owed.retain(|other| !other.walk.same_filter(&walk.walk));
            connection.outbound.owed.push_back(walk);
        }
        self.pump_retained(now, key);
        Ok(())
    }

    /// Adds or replaces one subscription; returns whether it existed.
    fn subscribe_one(&mut self, key: Key, filter: &str, wish: Wish) -> Result<bool, ReasonCode> {
        let who = Holder::Connection(self.address(key));
        check_filter(filter).map_err(|error| error.reason())?;
        self.check_subscribe(key, filter)?;
        let config = &self.broker.config;
        let connection = self.connections.get_mut(key).ok_or(ReasonCode::UnspecifiedError)?;
        let levels = shared(filter).map_or(filter, |(_, levels)| levels);
        if levels.split('/').take(config.levels_max + 1).count() > config.levels_max {
            return Err(ReasonCode::TopicFilterInvalid);
        }
        let new = !connection.filters.contains(filter);
        if new && connection.filters.len() >= config.subscriptions_max {
            return Err(ReasonCode::QuotaExceeded);
        }
        let link = Some(Arc::clone(&connection.outbound.link));
        let subscriber = Subscriber { wish, link, session: None };
        self.broker.subscriptions.insert(connection.org, filter, &[who], &subscriber);
        if new {
            connection.filters.insert(filter.into());
        }
        Ok(!new)
    }

    pub(super) fn unsubscribe(
        &mut self,
        key: Key,
        unsubscribe: &Unsubscribe<'_>,
    ) -> Result<(), Fatal> {
        let who = Holder::Connection(self.address(key));
        let Some(connection) = self.connections.get_mut(key) else { return Ok(()) };
        let mut codes = Vec::new();
        let mut gone = Vec::new();
        for filter in unsubscribe.filters.iter() {
            codes.push(if connection.filters.remove(filter) {
                gone.push(filter);
                let walk = Walk::new(filter);
                connection.outbound.owed.retain(|other| !other.walk.same_filter(&walk));
                ReasonCode::Success
            } else if check_filter(filter).is_err() {
                ReasonCode::TopicFilterInvalid
            } else {
                ReasonCode::NoSubscriptionExisted
            });
        }
        self.broker.subscriptions.remove(connection.org, gone.into_iter(), &[who]);
        let unsuback = Unsuback {
            packet_id: unsubscribe.packet_id,
            properties: AckProperties::default(),
            codes: ReasonCodes::new(&codes),
        };
        let sink = connection.outbound.sink(&mut self.desk);
        unsuback.encode(connection.version, sink).map_err(|_| Fatal(ReasonCode::PacketTooLarge))?;
        Self::mark_dirty(connection, key, &mut self.effects.dirty);
        Ok(())
    }
}

fn wants_retained(options: SubscribeOptions, replaced: bool) -> bool {
    match options.retain_handling {
        RetainHandling::Always => true,
        RetainHandling::IfNew => !replaced,
        RetainHandling::Never => false,
    }
}
