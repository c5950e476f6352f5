//! R12: random packets, broken packets and random bytes in random order on two cores, while sockets
//! block, clients vanish, commits fail and time passes. Nothing panics, all output decodes, memory
//! stays bounded, and nothing is left of clients that are gone.

mod packets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use broker_codec::{Connect, ConnectProperties, Frame, Packet, Version, frame};
use broker_engine::{Config, Stall, Ticket};

use crate::dice::{Dice, seeds};
use crate::doorman::{Doorman, Rules, rules};
use crate::net::{Net, Peered, connect};
use fabric::Rejection;
use packets::{IDS, random_packet};
use uns_model::Reason;

const STEPS: usize = 80;
const OUTPUT_MAX: usize = 64 << 10;
const PACKET_MAX: usize = 4 << 10;

fn tight() -> Config {
    Config {
        packet_bytes_max: PACKET_MAX,
        receive_maximum: 4,
        topic_alias_maximum: 4,
        inflight_max: 4,
        queue_count_max: 16,
        queue_bytes_max: 16 << 10,
        backlog_bytes_high: 8 << 10,
        output_bytes_max: OUTPUT_MAX,
        batch_bytes_high: 8 << 10,
        uncommitted_bytes_max: 8 << 10,
        subscriptions_max: 8,
        routes_max: 8,
        stall: Stall { time: Duration::from_millis(100), progress_bytes: 4 << 10 },
        ..Config::default()
    }
}

/// One history.
struct Play {
    net: Net,
    dice: Dice,
    users: [Arc<Rules>; 2],
    guests: Vec<(Peered, Version)>,
    /// Tickets that are still to be decided, per core.
    decided: [u64; 2],
}

impl Play {
    fn new(seed: u64) -> Self {
        let users = [rules(&["t", "log/"], &["t/1", "log/"]), rules(&[""], &[""])];
        let doorman = Doorman::with(&[("fred", &users[0]), ("slow", &users[1])]);
        let net = Net::guarded(2, tight(), Box::new(doorman));
        Self { net, dice: Dice::new(seed), users, guests: Vec::new(), decided: [0; 2] }
    }

    fn step(&mut self) {
        let what = self.dice.below(20);
        let Some(at) = (!self.guests.is_empty()).then(|| self.dice.below(self.guests.len())) else {
            return self.arrive();
        };
        let (guest, version) = self.guests[at];
        match what {
            0..=1 if self.guests.len() < 6 => self.arrive(),
            0..=8 => {
                let bytes = random_packet(&self.dice, version);
                self.net.bytes(guest, &bytes);
            }
            9..=10 => self.damaged(guest, version),
            11 => self.net.block(guest, self.dice.one_in(2)),
            12 => self.commit(),
            13 => {
                let millis = self.dice.pick(&[1, 100, 250, 2_000, 40_000]);
                self.net.advance(Duration::from_millis(millis));
            }
            14 => {
                self.net.lose(guest);
                self.hear(guest, version);
                self.guests.remove(at);
            }
            15 => self.verify(),
            16 if self.dice.one_in(8) => self.change_rights(),
            _ => self.net.settle(),
        }
        if what > 15 {
            self.guests.clone().iter().for_each(|(guest, version)| self.hear(*guest, *version));
        }
    }

    fn arrive(&mut self) {
        let dice = &self.dice;
        let (core, version) = (dice.below(2), dice.pick(&[Version::V311, Version::V5]));
        let id = dice.pick(&IDS);
        let properties = match version {
            Version::V5 if dice.one_in(2) => ConnectProperties {
                receive_maximum: std::num::NonZeroU16::new(dice.small(3) + 1),
                maximum_packet_size: std::num::NonZeroU32::new(20 + u32::from(dice.small(2000))),
                session_expiry_interval: Some(dice.pick(&[0, 1, 60, u32::MAX])),
                topic_alias_maximum: Some(dice.small(3)),
                ..ConnectProperties::default()
            },
            _ => ConnectProperties::default(),
        };
        let clean_start = id.is_empty() || dice.one_in(2);
        let keep_alive = dice.pick(&[0, 1, 60]);
        let user_name = dice.pick(&[None, None, Some("fred"), Some("slow"), Some("nobody")]);
        let password = user_name.map(|_| dice.pick(&[&b"right"[..], b"right", b"wrong"]));
        let mut properties = properties;
        if version == Version::V5 && dice.one_in(4) {
            properties.authentication_method = Some(dice.pick(&["RIDDLE", "RIDDLE", "X"]));
            properties.authentication_data = dice.pick(&[None, Some(b"fred")]);
        }
        let asks = Connect { clean_start, keep_alive, properties, ..connect(version, id) };
        let asks = Connect { user_name, password, ..asks };
        let guest = self.net.open_as(core, version);
        self.guests.push((guest, version));
        if !self.dice.one_in(8) {
            self.net.send_only(guest, &Packet::Connect(Box::new(asks)));
        }
    }

    /// Log-ins are verified, in any order, some of them for clients that are gone.
    fn verify(&mut self) {
        self.net.settle();
        for core in 0..2 {
            for (key, login) in std::mem::take(&mut self.net.engines[core].effects().asked) {
                if self.dice.one_in(8) {
                    continue;
                }
                let known = self.net.broker.authenticate.verify(&login);
                self.net.engines[core].verified(self.net.now, key, known);
            }
            self.net.engines[core].effects().refused.clear();
        }
        self.net.settle();
    }

    fn change_rights(&mut self) {
        let user = &self.users[self.dice.below(2)];
        match self.dice.below(3) {
            0 => *user.receive.lock() = vec![self.dice.pick(&["", "t", "log/"])],
            1 => *user.publish.lock() = vec![self.dice.pick(&["", "t", "log/"])],
            _ => user.revoked.store(self.dice.one_in(2), Ordering::Relaxed),
        }
        self.net.broker.policy_changed();
    }

    /// A packet that was cut, changed or invented.
    fn damaged(&mut self, guest: Peered, version: Version) {
        let mut bytes = random_packet(&self.dice, version);
        let at = self.dice.below(bytes.len());
        match self.dice.below(4) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << self.dice.below(8),
            2 => bytes[at] = self.dice.byte(),
            _ => bytes = (0..at).map(|_| self.dice.byte()).collect(),
        }
        self.net.bytes(guest, &bytes);
    }

    /// The log decides the oldest tickets, well or badly.
    fn commit(&mut self) {
        self.net.settle();
        let core = self.dice.below(2);
        let last = self.net.engines[core].gate().flushed.iter().filter_map(|f| f.0).max();
        while Ticket(self.decided[core]) < last.unwrap_or(Ticket(0)) && !self.dice.one_in(4) {
            self.decided[core] += 1;
            let outcome = if self.dice.one_in(8) {
                Err(Rejection::new(Reason::StorageFull, "no"))
            } else {
                Ok(self.decided[core])
            };
            self.net.engines[core].committed(self.net.now, Ticket(self.decided[core]), outcome);
        }
        self.net.settle();
    }

    /// What a guest got is whole packets, in the version it speaks or the one it was taken for.
    fn hear(&mut self, guest: Peered, version: Version) {
        let waiting = self.net.engines[guest.core].output(guest.key).len();
        assert!(waiting <= OUTPUT_MAX + PACKET_MAX, "{waiting} bytes wait for one client");
        let heard = self.net.heard(guest);
        let both = [version, Version::V311, Version::V5];
        assert!(both.into_iter().any(|version| is_packets(version, &heard)), "{heard:02x?}");
    }

    fn end(mut self) {
        for (guest, version) in std::mem::take(&mut self.guests) {
            self.net.lose(guest);
            self.hear(guest, version);
        }
        for core in 0..2 {
            assert_eq!(self.net.engines[core].connections(), 0, "nobody is left");
        }
        assert_eq!(self.net.broker.clients.count(), 0, "no client id is held");
    }
}

fn is_packets(version: Version, bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Ok(Frame::Packet(framed)) = frame(&bytes[at..], usize::MAX) {
        if framed.decode(version, &bytes[at..]).is_err() {
            return false;
        }
        at += framed.total_len;
    }
    at == bytes.len()
}

#[test]
fn random_packets_in_random_order() {
    let mut steps = 0;
    for seed in seeds(1_000, 125_000) {
        let played = catch_unwind(AssertUnwindSafe(|| {
            let mut play = Play::new(seed);
            for _ in 0..STEPS {
                play.step();
            }
            play.end();
        }));
        assert!(played.is_ok(), "UNS_SEED={seed} repeats it");
        steps += STEPS;
    }
    eprintln!("R12: {steps} random steps of clients, no panic");
}
