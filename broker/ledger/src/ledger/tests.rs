//! Crashes: whatever the disk forgets and whichever checkpoint is left, the ledger is a function
//! of the committed log.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fabric::sim::SimDisk;
use fabric::{Disk, Log, SessionChange};
use fabric_local::{LocalLog, LogConfig};
use uns_model::{ManualClock, OrgId, PublisherId, SeededRandom, Sequence, SessionNo, Timestamp};

use super::{Ledger, Parts};
use crate::checkpoint::encode;
use crate::fold::tests::config;
use crate::fold::tests::stream::{Known, Stream};

const DIR: &str = "/sessions";

struct Rig {
    disk: SimDisk,
    clock: Arc<ManualClock>,
}

impl Rig {
    fn new(seed: u64) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000_000)));
        Self { disk: SimDisk::new(seed, 64 << 20), clock }
    }

    fn log(&self) -> Arc<LocalLog> {
        let config = LogConfig { segment_bytes: 64 * 1024, ..LogConfig::default() };
        LocalLog::open(
            Arc::new(self.disk.clone()),
            Path::new("/log"),
            config,
            Arc::clone(&self.clock) as _,
            &SeededRandom::new(7),
        )
        .expect("the log opens")
    }

    fn ledger(&self, log: &Arc<LocalLog>, dir: &str) -> Arc<Ledger> {
        let parts = Parts {
            log: Arc::clone(log) as _,
            disk: Arc::new(self.disk.clone()),
            dir: PathBuf::from(dir),
            clock: Arc::clone(&self.clock) as _,
            topics: Arc::new(Known),
            config: config(),
        };
        Ledger::open(parts).expect("the ledger opens")
    }

    fn checkpoints(&self) -> Vec<PathBuf> {
        let names = self.disk.list(Path::new(DIR)).expect("the disk is on");
        names.into_iter().map(|name| Path::new(DIR).join(name)).collect()
    }

    fn flip(&self, path: &Path, at: u64) {
        let file = self.disk.open(path).expect("it is there");
        let at = at % file.length().expect("the disk is on");
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).expect("the disk is on");
        file.write_all_at(&[byte[0] ^ 16], at).expect("the disk is on");
        file.sync_data().expect("the disk is on");
    }
}

fn state(ledger: &Ledger) -> Vec<u8> {
    encode(ledger.state.lock().fold.snapshot())
}

fn catch_up(ledger: &Ledger) {
    ledger.replay().expect("the log is readable");
}

#[test]
fn power_cuts_leave_the_state_of_the_log() {
    let mut written = 0;
    for seed in 0..40 {
        let rig = Rig::new(seed);
        let mut stream = Stream::new(seed);
        for round in 0..6 {
            let log = rig.log();
            let ledger = rig.ledger(&log, DIR);
            // From the log alone: no checkpoint was ever written there.
            let plain = rig.ledger(&log, "/none");
            assert_eq!(state(&ledger), state(&plain), "seed {seed}, round {round}");
            if stream.below(2) == 0 {
                rig.disk.power_off_in(stream.below(60));
            }
            for _ in 0..stream.below(40) {
                if !stream.append(&*log) {
                    break;
                }
                if stream.below(8) == 0 && ledger.replay().is_ok() {
                    // The power may fail in the middle of it.
                    written += u32::from(ledger.checkpoint().is_ok());
                }
            }
            drop((ledger, plain));
            log.close();
            rig.disk.crash();
        }
    }
    assert!(written > 100, "{written}");
}

#[test]
fn a_damaged_checkpoint_costs_a_longer_replay_and_nothing_else() {
    let rig = Rig::new(3);
    let log = rig.log();
    let ledger = rig.ledger(&log, DIR);
    let mut stream = Stream::new(3);
    for _ in 0..4 {
        for _ in 0..10 {
            stream.append(&*log);
        }
        catch_up(&ledger);
        ledger.checkpoint().expect("the disk works");
        ledger.checkpoint().expect("a second one of the same sequence is not written");
    }
    let truth = state(&ledger);
    let files = rig.checkpoints();
    assert_eq!(files.len(), 2, "{files:?}");
    rig.flip(&files[1], 100);
    let once = rig.ledger(&log, DIR);
    assert_eq!((state(&once), once.stats().damaged_checkpoints), (truth.clone(), 1));
    rig.flip(&files[0], 101);
    let twice = rig.ledger(&log, DIR);
    assert_eq!((state(&twice), twice.stats().damaged_checkpoints), (truth, 2));
}

#[test]
fn a_checkpoint_of_a_newer_release_is_refused_by_name() {
    let rig = Rig::new(4);
    let log = rig.log();
    let ledger = rig.ledger(&log, DIR);
    Stream::new(4).append(&*log);
    catch_up(&ledger);
    ledger.checkpoint().expect("the disk works");
    let path = &rig.checkpoints()[0];
    let mut bytes = rig.disk.read(path).expect("it is there");
    bytes[8] = 6;
    let end = bytes.len() - 4;
    let crc = crc32fast::hash(&bytes[..end]);
    bytes[end..].copy_from_slice(&crc.to_le_bytes());
    rig.disk.write_atomic(path, &bytes).expect("the disk works");
    let parts = Parts {
        log: Arc::clone(&log) as _,
        disk: Arc::new(rig.disk.clone()),
        dir: PathBuf::from(DIR),
        clock: Arc::clone(&rig.clock) as _,
        topics: Arc::new(Known),
        config: config(),
    };
    let error = Ledger::open(parts).expect_err("it is newer");
    assert!(error.to_string().contains("format 6"), "{error}");
}

#[test]
fn the_log_is_held_for_the_older_checkpoint() {
    let rig = Rig::new(5);
    let log = rig.log();
    let ledger = rig.ledger(&log, DIR);
    let hold = || log.health().holds.first().map(|hold| hold.at);
    assert_eq!(hold(), Some(Sequence::ZERO));
    let mut applied = Vec::new();
    for _ in 0..3 {
        fabric::conformance::append(&*log, fabric::conformance::batch(&[b"x"])).expect("it works");
        catch_up(&ledger);
        ledger.checkpoint().expect("the disk works");
        applied.push(ledger.folded());
    }
    assert_eq!(hold(), Some(applied[1]));
}

/// Before version 2 a checkpoint had no record of a will, before version 3 no owner of it, before version
/// 4 there were no durable consumers, before version 5 no wills that were due.
#[test]
fn checkpoints_of_the_releases_before_are_read() {
    let rig = Rig::new(6);
    let log = rig.log();
    let ledger = rig.ledger(&log, DIR);
    let (session, ingest) = (SessionNo(1), Timestamp(0));
    let (org, publisher, expiry) = (OrgId(1), PublisherId(2), u32::MAX);
    let will = SessionChange::Will {
        delay: 5,
        qos: 1,
        retain: false,
        expiry: None,
        topic: "gone",
        properties: &[],
        payload: b"bye",
    };
    let mut batch = fabric::Batch::new();
    let opened = SessionChange::Opened { org, client_id: "a", publisher, expiry };
    for change in [opened, SessionChange::Owner { name: "press7" }, will] {
        batch.push(&fabric::Record::Session { session, change, ingest });
    }
    fabric::conformance::append(&*log, batch).expect("it works");
    catch_up(&ledger);
    // A file ends with: the record and the owner of the will, the number of retained messages, what ended
    // sessions left, the numbers of consumers, of ended epochs and of wills that were due, and the checksum.
    let (record, owner, number) = (8, 4 + "press7".len(), 4);
    let of_version = |version: u8| {
        let mut bytes = state(&ledger);
        bytes[8] = version;
        let end = bytes.len() - 4;
        bytes.drain(end - 3 * number..end);
        let end = bytes.len() - 4 - 2 * number;
        bytes.drain(end - owner..end);
        if version < 2 {
            let end = end - owner;
            bytes.drain(end - record..end);
            let end = bytes.len() - 4;
            bytes.drain(end - number..end);
        }
        let end = bytes.len() - 4;
        let crc = crc32fast::hash(&bytes[..end]);
        bytes[end..].copy_from_slice(&crc.to_le_bytes());
        crate::checkpoint::decode(&bytes).expect("it is of a release before")
    };
    for (version, sequence) in [(1, None), (2, Some(Sequence(3)))] {
        let fold = of_version(version);
        let kept = fold.wills.get(session).expect("its will");
        assert_eq!((&*kept.will.topic, kept.sequence), ("gone", sequence));
        assert_eq!(kept.owner.as_deref(), Some("press7"), "its session tells");
        let state = ledger.state.lock();
        let same = state.fold.wills.get(session).expect("its will");
        assert_eq!((&same.will, same.sequence), (&kept.will, Some(Sequence(3))));
    }
}
