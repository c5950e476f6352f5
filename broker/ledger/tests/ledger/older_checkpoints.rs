//! R17: checkpoints of earlier releases are read.

use std::path::PathBuf;
use std::sync::Arc;

use broker_ledger::{Config, Ledger, Parts};
use fabric::sim::{SimDisk, SimLog};
use fabric::{Disk, Log};
use uns_model::{ManualClock, Timestamp};

use crate::world::{Names, ORG};

fn opened(bytes: &[u8]) -> (Arc<SimLog>, Arc<Ledger>) {
    let disk = SimDisk::new(1, 1 << 20);
    let dir = PathBuf::from("/data/sessions");
    disk.write_atomic(&dir.join("sessions-0000000001.bin"), bytes).expect("a healthy disk");
    let log = Arc::new(SimLog::new());
    let ledger = Ledger::open(Parts {
        log: log.clone(),
        disk: Arc::new(disk),
        dir,
        clock: Arc::new(ManualClock::new(Timestamp(0))),
        topics: Arc::new(Names),
        config: Config::default(),
    })
    .expect("it is read");
    assert_eq!(ledger.stats().damaged_checkpoints, 0);
    assert_eq!(log.committed(), ledger.folded(), "the log goes on behind it");
    (log, ledger)
}

/// A checkpoint of the last release of format 1: a session with a share and an identifier, owed three
/// messages of QoS 2, one with a will that does not know its record, a retained message.
#[test]
fn sessions_of_format_1() {
    let (_log, ledger) = opened(include_bytes!("sessions-1.bin"));
    let stats = ledger.stats();
    assert_eq!((stats.sessions, stats.subscriptions), (2, 2));
    assert_eq!((stats.owed, stats.wills, stats.retained), (3, 1, 1));
    let visitor = ledger.find(ORG, "visitor").expect("it is away");
    assert_eq!((visitor.owed, ledger.find(ORG, "dying").map(|one| one.owed)), (3, Some(0)));
    assert!(ledger.find(ORG, "gone").is_none(), "its session ended");
}

/// A checkpoint of format 2: a session with a shared subscription and an identifier, owed five
/// messages, and one whose client died and whose will is due much later.
#[test]
fn sessions_of_format_2() {
    let (_log, ledger) = opened(include_bytes!("sessions-2.bin"));
    let stats = ledger.stats();
    assert_eq!(stats.sessions, 2);
    assert_eq!(stats.subscriptions, 3);
    assert_eq!((stats.owed, stats.wills), (5, 1));
    let visitor = ledger.find(ORG, "visitor").expect("it is away");
    assert_eq!((visitor.owed, ledger.find(ORG, "dying").map(|one| one.owed)), (5, Some(0)));
}

/// A checkpoint of format 3: three sessions, and three wills that are due, one of them of a session
/// that has ended and belonged to the account `press7`.
#[test]
fn sessions_of_format_3() {
    let (_log, ledger) = opened(include_bytes!("sessions-3.bin"));
    let stats = ledger.stats();
    assert_eq!((stats.sessions, stats.wills), (3, 3));
    let mut owners = Vec::new();
    ledger.restored(&mut |restored| {
        owners.push((restored.session.0, restored.owner.map(|owner| owner.to_string())));
    });
    owners.sort_unstable();
    let of = |name: &str| Some(name.to_owned());
    assert_eq!(owners, [(1, of("anna")), (3, of("press7")), (9, of("ben"))]);
}

/// A checkpoint of format 4: a session with a shared subscription, owed four messages, and one whose
/// client is away and whose will is due much later.
#[test]
fn sessions_of_format_4() {
    let (_log, ledger) = opened(include_bytes!("sessions-4.bin"));
    let stats = ledger.stats();
    assert_eq!((stats.sessions, stats.subscriptions), (2, 2));
    assert_eq!((stats.owed, stats.wills), (4, 1));
    let visitor = ledger.find(ORG, "visitor").expect("it is away");
    assert_eq!((visitor.owed, ledger.find(ORG, "dying").map(|one| one.owed)), (4, Some(0)));
}
