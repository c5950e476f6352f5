//! A slow client loses messages of QoS 1 and 2 (TRAP-35). Its connection ends with the reason where its version
//! of MQTT has one, and the operators read of it once a minute for each client.

use broker_codec::{ReasonCode, Version};

use super::Engine;
use crate::gate::Gate;
use crate::key::Key;
use crate::now::Now;
use crate::shortfall::{FellShort, Shortfall};
use crate::stats::{Drop, End};

impl<G: Gate> Engine<G> {
    /// Something a connected session was owed is lost; the ledger has counted it. In version 5 the
    /// connection ends with the reason, once a minute at most: its session goes on, and so does what
    /// else it is owed. A client that comes back and is as slow as before is left to it until then.
    pub fn fell_short(&mut self, now: Now, key: Key, messages: u64, why: Shortfall) {
        let Some(client) = self.outbound.get_mut(key).filter(|client| client.connected) else {
            return;
        };
        client.dropped[Drop::QueueFull as usize] += messages;
        let speaks = client.version == Version::V5;
        if self.report_shortfall(now, key, why) && speaks {
            self.count_end(key, End::Limit);
            self.say_end(key, ReasonCode::QuotaExceeded, Some(why.words()));
            self.end(now, key);
        }
    }

    /// Reports clients whose queue was full to the operators; the log keeps none for them.
    pub(super) fn report_full_queues(&mut self, now: Now) {
        let lossy = self.outbound.iter().filter_map(|(key, client)| {
            let dropped = client.dropped[Drop::QueueFull as usize];
            (dropped > 0).then_some((key, dropped))
        });
        let short = lossy.filter(|(key, dropped)| {
            let connection = self.sessions.get(*key);
            connection.is_some_and(|c| *dropped > c.reported_dropped && !c.session.durable)
        });
        let keys: Vec<Key> = short.map(|(key, _)| key).collect();
        for key in keys {
            self.report_shortfall(now, key, Shortfall::Queue);
        }
    }

    /// Reports a client, unless that was done lately; whether it was.
    fn report_shortfall(&mut self, now: Now, key: Key, why: Shortfall) -> bool {
        let Some(client) = self.outbound.get(key) else { return false };
        let Some(connection) = self.sessions.get_mut(key) else { return false };
        let (client_id, dropped) =
            (&connection.client_id, client.dropped[Drop::QueueFull as usize]);
        if !self.broker.notices.is_due(client_id, why.name(), now.monotonic) {
            return false;
        }
        let lost = dropped - connection.reported_dropped;
        connection.reported_dropped = dropped;
        let (client_id, address) = (client_id.clone(), connection.peer.address.clone());
        self.effects.fell_short.push(FellShort { client_id, address, lost, why });
        true
    }
}
