//! R3, R8: power cuts at random moments lose nothing that was committed, on 1,000 seeds; with
//! `UNS_SOAK=1` on 10,000.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use fabric::conformance::{append, awaited, batch, drain, publish};
use fabric::{Batch, Commit, Disk, Error, Log, Record, TailItem};
use fabric_local::LocalLog;
use uns_model::{Random, SeededRandom, Sequence};

use crate::rig::Rig;

const ROUNDS: u64 = 4;

type Fate = Receiver<Result<Commit, Arc<Error>>>;

/// One batch and what is known about it.
struct Sent {
    records: u64,
    bytes: usize,
    fate: Option<Fate>,
    known: Known,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Known {
    /// It may be there after a restart, whole or not at all.
    Unknown,
    /// It is there, starting with this sequence.
    Stored(u64),
    /// It was refused and must never be seen.
    Refused,
}

struct Model {
    seed: u64,
    random: SeededRandom,
    rig: Rig,
    sent: Vec<Sent>,
    highest: u64,
}

#[test]
fn nothing_committed_is_lost() {
    let seeds = if std::env::var_os("UNS_SOAK").is_some() { 10_000 } else { 1_000 };
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || (half..seeds).step_by(2).for_each(run));
        }
    });
    eprintln!("R3: {ROUNDS} power cuts on each of {seeds} seeds, nothing committed is lost");
}

fn run(seed: u64) {
    let guard = PrintSeed(seed);
    let mut rig = Rig::new(seed);
    // Every third disk is small enough to be full now and then.
    if seed.is_multiple_of(3) {
        rig.disk.set_capacity(400_000);
    }
    rig.config.memory_bytes = if seed.is_multiple_of(2) { 0 } else { 32 * 1024 };
    let random = SeededRandom::new(seed ^ 0xABCD);
    let mut model = Model { seed, random, rig, sent: Vec::new(), highest: 0 };
    for _ in 0..ROUNDS {
        model.round();
    }
    model.check(&model.rig.open());
    drop(guard);
}

#[test]
fn a_torn_tail_is_cut_and_zeroed() {
    let mut torn = 0;
    for seed in 0..60 {
        let rig = Rig::new(seed);
        let log = rig.open();
        append(&*log, batch(&[b"kept"])).unwrap();
        rig.disk.power_off_in(0);
        append(&*log, batch(&[&[0xEE; 9000]])).unwrap_err();
        drop(log);
        rig.disk.crash();
        let bytes = || rig.disk.read(&rig.segments()[0]).unwrap();
        torn += u32::from(bytes().contains(&0xEE));
        assert_eq!(drain(&mut *rig.open().tail(Sequence::ZERO)), [(1, b"kept".to_vec())]);
        assert!(!bytes().contains(&0xEE), "seed {seed}");
    }
    assert!(torn > 10, "{torn}");
}

struct PrintSeed(u64);

impl Drop for PrintSeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the failing seed is {}", self.0);
        }
    }
}

impl Model {
    fn below(&self, limit: u64) -> u64 {
        self.random.u64() % limit
    }

    fn round(&mut self) {
        if self.below(4) == 0 {
            self.rig.disk.power_off_in(self.below(8));
            drop(self.rig.try_open());
            self.rig.disk.crash();
        }
        let log = self.rig.open();
        self.check_and_learn(&log);
        let mut power_cut = self.below(4) != 0;
        match self.below(8) {
            0 => self.rig.disk.fail_sync_in(self.below(12)),
            1 => self.rig.disk.fail_write_in(self.below(12)),
            2 | 3 => {}
            _ => {
                self.rig.disk.power_off_in(self.below(40));
                power_cut = true;
            }
        }
        for _ in 0..self.below(14) {
            self.send(&log);
        }
        if self.below(4) == 0 {
            log.close();
        }
        if power_cut {
            self.rig.disk.crash();
        }
        drop(log);
        self.rig.disk.clear_faults();
        self.learn_fates(true);
    }

    fn send(&mut self, log: &LocalLog) {
        let number = self.sent.len() as u64;
        let records = 1 + self.below(5);
        let bytes =
            usize::try_from([10, 200, 3000][usize::try_from(self.below(3)).expect("small")])
                .expect("small");
        let mut batch = Batch::new();
        for index in 0..records {
            batch.push(&publish(&payload(self.seed, number, index, bytes), 0));
        }
        let (on_commit, fate) = awaited();
        let waits = self.below(4) != 0;
        let queued = log.append(batch, waits.then_some(on_commit));
        let known = if queued.is_err() { Known::Refused } else { Known::Unknown };
        let fate = (waits && queued.is_ok()).then_some(fate);
        self.sent.push(Sent { records, bytes, fate, known });
        if self.below(3) != 0 {
            self.learn_fates(true);
        }
    }

    /// Takes the answers that have come, or all of them.
    fn learn_fates(&mut self, wait: bool) {
        let mut highest = self.highest;
        for sent in &mut self.sent {
            let Some(fate) = sent.fate.take() else { continue };
            let answer = if wait { fate.recv().ok() } else { fate.try_recv().ok() };
            match answer.as_ref().map(|answer| answer.as_ref().map_err(|error| &**error)) {
                Some(Ok(commit)) => {
                    assert!(commit.first.0 > highest, "a sequence was used twice");
                    assert_eq!(commit.last.0 - commit.first.0 + 1, sent.records);
                    highest = commit.last.0;
                    sent.known = Known::Stored(commit.first.0);
                }
                Some(Err(Error::CommitFailed { .. })) => {}
                Some(Err(_)) => sent.known = Known::Refused,
                None => sent.fate = Some(fate),
            }
        }
        self.highest = highest;
    }

    fn check_and_learn(&mut self, log: &LocalLog) {
        let seen = self.check(log);
        for (number, first) in seen {
            let sent = &mut self.sent[usize::try_from(number).expect("small")];
            sent.known = Known::Stored(first);
            self.highest = self.highest.max(first + sent.records - 1);
        }
        // What is not there after a restart can never come back.
        for sent in &mut self.sent {
            if sent.known == Known::Unknown {
                sent.known = Known::Refused;
            }
        }
    }

    /// Reads everything and compares; the first sequence of each batch that is there.
    fn check(&self, log: &LocalLog) -> BTreeMap<u64, u64> {
        let mut seen = BTreeMap::new();
        let mut records: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut tail = log.tail(Sequence::ZERO);
        while let Some(item) = tail.next().expect("the log is readable") {
            let TailItem::Frame(frame) = item else { unreachable!("no damage, no retention") };
            for (sequence, record) in frame.records() {
                let Record::Publish(publish) = record else { unreachable!("only publishes") };
                records.push((sequence.0, publish.payload.to_vec()));
            }
        }
        assert!(records.is_sorted_by(|a, b| a.0 < b.0), "sequences increase");
        for (sequence, payload) in &records {
            let (number, index) = numbers(payload);
            let sent = &self.sent[usize::try_from(number).expect("small")];
            assert_eq!(*payload, self::payload(self.seed, number, index, sent.bytes));
            let first = *seen.entry(number).or_insert(*sequence);
            assert_eq!(first + index, *sequence, "a batch is whole and in order");
            assert_ne!(sent.known, Known::Refused, "batch {number} was refused, and is there");
        }
        for (number, sent) in (0..).zip(&self.sent) {
            if let Known::Stored(first) = sent.known {
                assert_eq!(seen.get(&number), Some(&first), "batch {number} is gone");
            }
        }
        let stored: u64 = seen
            .keys()
            .map(|number| self.sent[usize::try_from(*number).expect("small")].records)
            .sum();
        assert_eq!(stored, records.len() as u64, "a batch is whole and there once");
        assert!(seen.values().is_sorted(), "batches keep their order");
        seen
    }
}

fn payload(seed: u64, number: u64, index: u64, bytes: usize) -> Vec<u8> {
    let mut payload = Vec::from(number.to_le_bytes());
    payload.extend_from_slice(&index.to_le_bytes());
    let mut filler = vec![0; bytes];
    SeededRandom::new(seed ^ (number << 8) ^ index).fill(&mut filler);
    payload.extend_from_slice(&filler);
    payload
}

fn numbers(payload: &[u8]) -> (u64, u64) {
    let word = |at: usize| {
        let bytes = payload[at..at + 8].try_into().expect("eight bytes");
        u64::from_le_bytes(bytes)
    };
    (word(0), word(8))
}
