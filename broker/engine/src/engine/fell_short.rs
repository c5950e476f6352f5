//! A slow client loses messages of QoS 1 and 2: it is told where its version has words for it, and
//! operators are, once a minute for a client (TRAP-35).

use broker_codec::ReasonCode;

use super::{Engine, Now};
use crate::gate::Gate;
use crate::key::Key;
use crate::shortfall::{FellShort, Shortfall};
use crate::stats::{Drop, End};

impl<G: Gate> Engine<G> {
    /// Something a connected session was owed is lost; the ledger has counted it. In version 5 the
    /// connection ends with the reason, once a minute at most: its session goes on, and so does what
    /// else it is owed. A client that comes back and is as slow as before is left to it until then.
    pub fn fell_short(&mut self, now: Now, key: Key, (messages, why): (u64, Shortfall)) {
        let Some(connection) = self.connections.get_mut(key).filter(|c| c.is_up()) else { return };
        connection.outbound.dropped[Drop::QueueFull as usize] += messages;
        let speaks = connection.version == broker_codec::Version::V5;
        if self.tell_short(now, key, why) && speaks {
            self.count_end(key, End::Limit);
            self.say_end(key, (ReasonCode::QuotaExceeded, Some(why.words())));
            self.end(now, key);
        }
    }

    /// Has operators told of clients whose queue was full; the log keeps none for them.
    pub(super) fn tell_of_full_queues(&mut self, now: Now) {
        let short = self.connections.iter().filter(|(_, connection)| {
            let dropped = connection.outbound.dropped[Drop::QueueFull as usize];
            dropped > connection.told_dropped && !connection.durable
        });
        let keys: Vec<Key> = short.map(|(key, _)| key).collect();
        for key in keys {
            self.tell_short(now, key, Shortfall::Queue);
        }
    }

    /// Whether it is time to tell of a client again.
    fn tell_short(&mut self, now: Now, key: Key, why: Shortfall) -> bool {
        let Some(connection) = self.connections.get_mut(key) else { return false };
        let (client_id, dropped) =
            (&connection.client_id, connection.outbound.dropped[Drop::QueueFull as usize]);
        if !self.broker.told.is_due(client_id, why.name(), now.monotonic) {
            return false;
        }
        let lost = dropped - connection.told_dropped;
        connection.told_dropped = dropped;
        let (client_id, address) = (client_id.clone(), connection.peer.address.clone());
        self.effects.fell_short.push(FellShort { client_id, address, lost, why });
        true
    }
}
