//! Clients that connect and publish.

use broker_codec::{QoS, Version};

use super::{Actor, World};
use crate::client::How;
use crate::machine::CORES;

/// To so many topics everybody publishes.
const EVERYBODYS: usize = 4;
/// Most publishes of one client without an answer.
const OPEN_MAX: usize = 6;
/// Blanks behind a number now and then, so that segments fill.
const PADDING: usize = 8 << 10;
/// The same where everything is so large that retention drops segments.
pub(super) const MUCH_PADDING: usize = 6 << 10;
/// Most publishes of one client without an answer then.
const FEW_OPEN_MAX: usize = 2;

impl World {
    pub(super) fn publisher_turn(&mut self) {
        let who = self.choices.below(self.clients.len());
        self.connect_or_publish(who);
    }

    pub(super) fn connect_or_publish(&mut self, who: usize) {
        let client = &self.clients[who];
        if client.line.is_none() {
            return self.connect(who);
        }
        let idles = client.is_fleeting() || !client.established || !client.is_up();
        let open_max = if self.is_heavy { FEW_OPEN_MAX } else { OPEN_MAX };
        if !idles && client.unacknowledged() < open_max {
            self.publish(who);
        }
    }

    fn connect(&mut self, who: usize) {
        let core = self.choices.below(CORES);
        let key = self.machine.hub().open_connection(core);
        // The end of a session makes its will due before its delay is over.
        let may_wait = !self.clients[who].is_fleeting();
        let later = may_wait && self.clients[who].version == Version::V5 && self.choices.one_in(2);
        let delay = if later { 1 + u32::from(self.choices.one_in(2)) } else { 0 };
        let is_full = self.is_full || fabric::Log::health(&*self.machine.hub().log).disk_full;
        let will = self.promises.wills.connects(who, delay, is_full);
        let client = &self.clients[who];
        let clean = client.begins_anew || (client.is_fleeting() && self.choices.one_in(3));
        self.clients[who].connect(core, key, (will, delay, clean));
        let name = self.clients[who].name.clone();
        let how = if clean { ", anew" } else { "" };
        let what = format_args!("{name} connects to core {core}, will {will}{how}");
        self.note(Actor::Publisher, what);
    }

    fn publish(&mut self, who: usize) {
        let retain = self.choices.one_in(5);
        let qos = self.choices.pick(&[QoS::AtLeastOnce, QoS::ExactlyOnce]);
        // Nothing is promised about the order of messages with different QoS.
        let qos = if retain { retained_qos(who) } else { qos };
        let (size, one_in) = if self.is_heavy { (MUCH_PADDING, 1) } else { (PADDING, 6) };
        let padding = if self.choices.one_in(one_in) { size } else { 0 };
        let last = if retain { "kept" } else { self.choices.pick(&["1", "2"]) };
        // What is kept may be everybody's, on whichever core.
        let alls = retain && self.choices.one_in(2);
        let whose = if alls { "all" } else { &*self.clients[who].name };
        let topic = format!("t/{whose}/{last}");
        // What two cores take at once becomes one node, also where it was purged meanwhile.
        let is_everybodys = !retain && self.choices.one_in(6);
        let topic = match is_everybodys {
            true => format!("t/all/n{}", self.choices.below(EVERYBODYS)),
            false => topic,
        };
        let number = self.promises.published(&topic, qos, &self.clients);
        self.journal.begins(number);
        self.clients[who].publish(&topic, number, How { qos, retain, padding });
        let name = self.clients[who].name.clone();
        self.note(Actor::Publisher, format_args!("{name} publishes {number} to {topic}, {qos:?}"));
    }
}

/// With which QoS a client publishes what is retained.
fn retained_qos(who: usize) -> QoS {
    if who.is_multiple_of(2) { QoS::AtLeastOnce } else { QoS::ExactlyOnce }
}
