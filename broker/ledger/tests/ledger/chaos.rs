//! Random lives of sessions: whatever connects, leaves, is taken over, lags, is refused by a full
//! core or goes down with the process, each session gets everything it is owed, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::SeqCst;

use broker_ledger::{Config, Delivery, Place};
use fabric::SessionChange;
use uns_model::{Random, SeededRandom, Sequence, SessionNo};

use crate::world::{NEVER, World, eventually};

const SESSIONS: usize = 4;
const WINDOW: usize = 5;

#[derive(Default)]
struct Client {
    place: Option<Place>,
    /// What it was owed, in log order.
    owed: Vec<Sequence>,
    settled: BTreeSet<Sequence>,
    released: BTreeSet<Sequence>,
    /// What was settled when its connection began.
    settled_before: BTreeSet<Sequence>,
    /// Packet ids seen, of all its connections.
    ids: BTreeMap<Sequence, u16>,
    /// What earlier connections got.
    seen_before: BTreeSet<Sequence>,
    /// Of this connection: how many deliveries are checked, and the last sequence.
    checked: usize,
    last: Sequence,
}

struct Chaos {
    world: World,
    random: SeededRandom,
    clients: Vec<Client>,
    places: u32,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let config = Config { feed_count_max: WINDOW, ..Config::default() };
        let world = World::with(config);
        for number in 1..=SESSIONS {
            world.open_session(u32::try_from(number).unwrap_or(0), NEVER);
        }
        let clients = (0..SESSIONS).map(|_| Client::default()).collect();
        Self { world, random: SeededRandom::new(seed), clients, places: 0 }
    }

    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.random.u64() % bound as u64).unwrap_or(0)
    }

    fn number(client: usize) -> u32 {
        u32::try_from(client + 1).unwrap_or(0)
    }

    fn step(&mut self) {
        match self.below(20) {
            0..=8 => {
                let to: Vec<usize> = (0..SESSIONS).filter(|_| self.below(2) == 0).collect();
                let numbers: Vec<u32> = to.iter().copied().map(Self::number).collect();
                let sequence = self.world.publish(b"payload", &numbers);
                to.into_iter().for_each(|one| self.clients[one].owed.push(sequence));
            }
            9..=12 => self.acknowledge(self.below(SESSIONS)),
            13..=15 => self.connect(self.below(SESSIONS)),
            16 | 17 => self.leave(self.below(SESSIONS)),
            18 => {
                let full = self.world.cores.full.load(SeqCst);
                self.world.cores.full.store(!full, SeqCst);
            }
            _ => {
                self.check_all();
                self.world.restart();
                self.clients.iter_mut().for_each(Client::disconnected);
            }
        }
        if self.below(3) == 0 {
            // Otherwise most connections would be gone before they got anything.
            self.world.settled_down();
        }
        self.check_all();
    }

    /// Connects, or takes the session over from a connection that is still there.
    fn connect(&mut self, client: usize) {
        self.check(client);
        let number = Self::number(client);
        let at = self.world.change(number, SessionChange::Resumed { expiry: NEVER });
        self.places += 1;
        let place = self.world.attach(number, self.places, at);
        let one = &mut self.clients[client];
        one.disconnected();
        one.settled_before = one.settled.clone();
        one.place = Some(place);
    }

    fn leave(&mut self, client: usize) {
        self.check(client);
        let Some(place) = self.clients[client].place else { return };
        let number = Self::number(client);
        // They may come in either order, since they take different ways.
        if self.below(2) == 0 {
            self.world.ledger.detach(SessionNo(number), place);
            self.world.change(number, SessionChange::Left { expiry: NEVER });
        } else {
            self.world.change(number, SessionChange::Left { expiry: NEVER });
            self.world.ledger.detach(SessionNo(number), place);
        }
        self.clients[client].disconnected();
    }

    /// Settles or releases some of what it got.
    fn acknowledge(&mut self, client: usize) {
        self.check(client);
        let open: Vec<Sequence> = self.clients[client].open(&self.got(client));
        for sequence in open {
            let one = &mut self.clients[client];
            match self.random.u64() % 4 {
                0 => {}
                1 => {
                    one.released.insert(sequence);
                    self.world.change(Self::number(client), SessionChange::Released { sequence });
                }
                _ => {
                    one.settled.insert(sequence);
                    self.world.settle(Self::number(client), sequence);
                }
            }
        }
    }

    fn got(&self, client: usize) -> Vec<Delivery> {
        let Some(place) = self.clients[client].place else { return Vec::new() };
        let got = self.world.cores.got.lock();
        got.iter().filter(|one| one.place() == place).cloned().collect()
    }

    fn check_all(&mut self) {
        (0..SESSIONS).for_each(|client| self.check(client));
    }

    /// Checks what came since the last call.
    fn check(&mut self, client: usize) {
        let got = self.got(client);
        let one = &mut self.clients[client];
        for delivery in &got[one.checked..] {
            one.take(delivery);
        }
        one.checked = got.len();
        assert!(one.open(&got).len() <= WINDOW, "the window holds");
    }

    /// Connects all clients, which acknowledge until nothing is owed.
    fn finish(mut self) {
        self.world.cores.full.store(false, SeqCst);
        (0..SESSIONS).for_each(|client| self.connect(client));
        let mut rounds = 0;
        eventually("nothing is owed", || {
            rounds += 1;
            (0..SESSIONS).for_each(|client| self.acknowledge(client));
            self.clients.iter().all(|one| one.settled.len() == one.owed.len())
        });
        self.world.settled_down();
        let stats = self.world.ledger.stats();
        assert_eq!((stats.owed, stats.inflight, stats.contradictions), (0, 0, 0));
        assert_eq!(stats.dropped, broker_ledger::Dropped::default());
    }
}

impl Client {
    fn disconnected(&mut self) {
        self.seen_before = self.ids.keys().copied().collect();
        (self.place, self.checked, self.last) = (None, 0, Sequence::ZERO);
    }

    /// What this connection got and has not settled.
    fn open(&self, got: &[Delivery]) -> Vec<Sequence> {
        got.iter()
            .filter_map(|one| match one {
                Delivery::Publish { sequence, .. } | Delivery::Release { sequence, .. } => {
                    Some(*sequence)
                }
                _ => None,
            })
            .filter(|sequence| !self.settled.contains(sequence))
            .collect()
    }

    fn take(&mut self, delivery: &Delivery) {
        let (sequence, packet_id) = match delivery {
            Delivery::Publish { sequence, packet_id, dup, .. } => {
                let seen = self.seen_before.contains(sequence);
                assert!(*dup || !seen, "what may have been sent before says so");
                (*sequence, *packet_id)
            }
            Delivery::Release { sequence, packet_id, .. } => {
                assert!(self.released.contains(sequence), "a release of what was released");
                (*sequence, *packet_id)
            }
            other => unreachable!("{other:?}"),
        };
        assert!(sequence > self.last, "in log order, each once per connection");
        self.last = sequence;
        assert!(self.owed.binary_search(&sequence).is_ok(), "it is owed");
        assert!(!self.settled_before.contains(&sequence), "what is settled does not come again");
        let first = *self.ids.entry(sequence).or_insert(packet_id);
        assert_eq!(packet_id, first, "one packet id for every attempt");
    }
}

#[test]
fn each_session_gets_everything_in_order() {
    for seed in 0..6 {
        let mut chaos = Chaos::new(seed);
        for _ in 0..150 {
            chaos.step();
        }
        chaos.finish();
    }
}
