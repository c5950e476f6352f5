//! What a checkpoint costs the thread of the fold.

use std::path::PathBuf;

use fabric::conformance::append;
use fabric::sim::{SimDisk, SimLog};
use fabric::{Audience, Batch, DueWill, Log, Message, Record, SessionChange};
use uns_model::{ManualClock, OrgId, PublisherId, SessionNo, Timestamp};

use super::*;
use crate::fold::tests::stream::Known;
use crate::fold::{PIECE, Progress};
use crate::ledger::Parts;
use crate::{Config, Expired, PassOn};

/// Takes nothing.
struct Nowhere;

impl Outlet for Nowhere {
    fn deliver(&self, _: u16, batch: Vec<Delivery>) -> Result<(), Vec<Delivery>> {
        Err(batch)
    }

    fn will(&self, _: &DueWill) -> bool {
        false
    }

    fn pass_on(&self, _: &PassOn) -> bool {
        false
    }

    fn expired(&self, _: &Expired) {}
}

const MANY: u32 = 5_000;

/// A ledger with many retained messages and sessions.
fn filled() -> Arc<Ledger> {
    let log: Arc<dyn Log> = Arc::new(SimLog::new());
    for number in 0..MANY {
        let (name, ingest) = (format!("client-{number}"), Timestamp(1));
        let mut batch = Batch::new();
        batch.push(&Record::Message(Message {
            org: OrgId::DEFAULT,
            publisher: PublisherId(1),
            qos: 1,
            retain: true,
            expiry: None,
            ingest,
            topic: &name,
            properties: b"",
            payload: b"21.5",
        }));
        let (org, publisher) = (OrgId::DEFAULT, PublisherId(1));
        let change = SessionChange::Opened { org, client_id: &name, publisher, expiry: 60 };
        batch.push(&Record::Session { session: SessionNo(number + 1), change, ingest });
        append(&*log, batch).expect("the log commits");
    }
    let parts = Parts {
        log,
        disk: Arc::new(SimDisk::new(1, 64 << 20)),
        dir: PathBuf::from("/sessions"),
        clock: Arc::new(ManualClock::new(Timestamp(1))),
        topics: Arc::new(Known),
        config: Config::default(),
    };
    Ledger::open(parts).expect("the ledger opens")
}

/// How many topics and client ids are in a copy, which shares their strings.
fn copied(ledger: &Ledger) -> usize {
    let state = ledger.state.lock();
    let topics = state.fold.retained.iter().filter(|(_, topic, _)| Arc::strong_count(topic) > 1);
    // The map of names has each client id once more.
    let sessions = state.fold.sessions.values();
    let sessions = sessions.filter(|session| Arc::strong_count(&session.client_id) > 2);
    topics.count() + sessions.count()
}

#[test]
fn a_checkpoint_of_many_sessions_and_messages_copies_nothing_on_the_thread_of_the_fold() {
    let ledger = filled();
    let reader = Reader::without_thread(Arc::clone(&ledger.log));
    let mut turns = Turns::new(reader);
    let mut feeding = Feeding { ledger: &ledger, outlet: &Nowhere, turns: &mut turns };
    let write = feeding.snapshot().expect("there is memory for it");
    assert_eq!(copied(&ledger), 0);
    let written = write().expect("the disk takes it").expect("there was no checkpoint");
    assert!(written.bytes > u64::from(MANY) * 40, "{} bytes", written.bytes);
    assert_eq!(copied(&ledger), 0, "the copies are gone");
}

#[test]
fn the_fold_waits_for_one_piece_of_a_checkpoint_at_a_time() {
    let ledger = filled();
    let mut snapshot = ledger.state.lock().fold.begin_snapshot();
    let mut before = 0;
    for pieces in 1.. {
        let progress = ledger.state.lock().fold.copy_piece(&mut snapshot, PIECE);
        let copied = snapshot.sessions.len() + snapshot.retained.len();
        assert!(copied - before <= 2 * PIECE, "{} in one piece", copied - before);
        before = copied;
        if progress == Progress::Complete {
            assert!(pieces >= 2 * MANY as usize / (2 * PIECE), "{pieces} pieces");
            break;
        }
    }
    assert_eq!(before, 2 * MANY as usize);
}

/// They are added up a piece at a time, also over the border of organisations.
#[test]
fn figures_know_what_the_last_of_many_sessions_is_owed() {
    let ledger = filled();
    let (ingest, publisher) = (Timestamp(1), PublisherId(1));
    let owe = |session: u32| {
        let (mut batch, mut audience) = (Batch::new(), Audience::new());
        audience.push(SessionNo(session), 1, false, &[]);
        let members = audience.members();
        batch.push(&Record::Message(Message {
            org: OrgId::DEFAULT,
            publisher,
            qos: 1,
            retain: false,
            expiry: None,
            ingest,
            topic: "t",
            properties: b"",
            payload: b"21.5",
        }));
        batch.push(&Record::Audience { number: 1, members, ingest });
        batch.push(&Record::Owed { audience: 1, back: 2, ingest });
        append(&*ledger.log, batch).expect("the log commits").first
    };
    let change = SessionChange::Opened { org: OrgId(7), client_id: "a", publisher, expiry: 60 };
    let mut batch = Batch::new();
    batch.push(&Record::Session { session: SessionNo(MANY + 1), change, ingest });
    append(&*ledger.log, batch).expect("the log commits");
    let owed = [owe(MANY + 1), owe(MANY / 2)];
    ledger.replay().expect("the log can be read");
    let stats = ledger.stats();
    assert_eq!((stats.sessions, stats.owed), (MANY as usize + 1, 2));
    assert_eq!(stats.owed_oldest, Some(owed[0]));
}
