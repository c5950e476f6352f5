//! Durable consumers in this process: what one publishes and how far it is are one append, it has its
//! place back after a restart, and one that was taken over changes nothing any more (PL-1, PL-3).

use std::path::PathBuf;
use std::sync::Arc;

use broker_ledger::{Ledger, Topics};
use broker_server::{Consumer, Deps, InProcess, Progress, Published, Together};
use fabric::sim::{SimDisk, SimLog};
use fabric::{Log, MarkDoes, Record, Rejection, TailItem};
use uns_model::{OrgId, Reason, Sequence, SystemClock, TopicId};
use uns_namespace::Namespace;

use crate::client::Broker;
use crate::namespace::namespace;

struct Names(Arc<Namespace>);

impl Topics for Names {
    fn topic(&self, id: TopicId) -> Option<Arc<str>> {
        self.0.topic(id)
    }
}

/// A broker over a log, as it is after a start with nothing but that.
fn broker(log: &Arc<SimLog>) -> Broker {
    let space = namespace(log);
    let parts = broker_ledger::Parts {
        log: log.clone(),
        disk: Arc::new(SimDisk::new(2, 1 << 30)),
        dir: PathBuf::from("/sessions"),
        clock: Arc::new(SystemClock),
        topics: Arc::new(Names(Arc::clone(&space))),
        config: broker_ledger::Config::default(),
    };
    let ledger = Some(Ledger::open(parts).expect("the log is whole"));
    Broker::over(Deps { namespace: Some(space), ledger, ..Deps::default() }, |config| {
        config.cores = 2;
    })
}

fn resume(broker: &Broker, consumer: &str) -> Consumer {
    let known = broker.block_on(broker.handle.resume(OrgId::DEFAULT, consumer));
    known.expect("the broker runs").expect("there is room")
}

fn publish(
    broker: &Broker,
    (topics, lane): (&[&str], u64),
    mark: Progress,
) -> Vec<Result<Published, Rejection>> {
    let item = |topic: &&str| InProcess {
        topic: (*topic).to_owned(),
        payload: "1".into(),
        ..InProcess::default()
    };
    let items = topics.iter().map(item).collect();
    let batch = Together {
        org: OrgId::DEFAULT,
        client_id: "p".into(),
        items,
        mark: Some(mark),
        ..Together::default()
    };
    broker.block_on(broker.handle.together(lane, batch)).expect("the broker runs")
}

fn progress(epoch: u64, position: &str) -> Progress {
    let consumer = "pipeline 7".to_owned();
    Progress { consumer, epoch, position: position.to_owned().into(), ..Progress::default() }
}

/// Of each frame with a publish or a position, how many publishes and which position it has.
fn frames(log: &SimLog) -> Vec<(usize, Option<String>)> {
    let mut tail = log.tail(Sequence::ZERO);
    let mut frames = Vec::new();
    while let Some(TailItem::Frame(frame)) = tail.next().expect("it can be read") {
        let mut one = (0, None);
        for (_, record) in frame.records() {
            match record {
                Record::Publish(_) => one.0 += 1,
                Record::Mark(mark) if !mark.position.is_empty() => {
                    one.1 = Some(String::from_utf8_lossy(mark.position).into_owned());
                }
                _ => {}
            }
        }
        if one != (0, None) {
            frames.push(one);
        }
    }
    frames
}

#[test]
fn a_consumer_has_its_place_back_and_what_it_published_is_there() {
    let log = Arc::new(SimLog::new());
    let first = broker(&log);
    let known = resume(&first, "pipeline 7");
    assert_eq!((known.epoch, &*known.position), (1, &b""[..]), "nobody has begun");
    // A topic that is refused stops neither the other item nor the mark.
    let topics = ["uns/v1/acme/a", "uns/v1/acme//b"];
    let done = publish(&first, (&topics, 0), progress(1, "run 41"));
    let taken: Vec<bool> = done.iter().map(Result::is_ok).collect();
    assert_eq!(taken, [true, false, true]);
    assert_eq!(frames(&log), [(1, Some("run 41".to_owned()))], "one append");
    let sequences: Vec<_> = done.iter().flatten().filter_map(|one| one.sequence).collect();
    assert!(sequences.len() == 2 && sequences[0] != sequences[1], "{sequences:?}");
    drop(first);

    let second = broker(&log);
    let known = resume(&second, "pipeline 7");
    assert_eq!((known.epoch, &*known.position), (2, &b"run 41"[..]));
    assert_eq!(resume(&second, "another").epoch, 1);
}

#[test]
fn a_consumer_that_was_taken_over_changes_nothing_any_more() {
    let log = Arc::new(SimLog::new());
    let broker = broker(&log);
    assert_eq!(resume(&broker, "pipeline 7").epoch, 1);
    publish(&broker, (&["uns/v1/acme/a"], 0), progress(1, "old"));
    assert_eq!(resume(&broker, "pipeline 7").epoch, 2);
    // On whichever core it is.
    for lane in 0..2 {
        let done = publish(&broker, (&["uns/v1/acme/a", "uns/v1/acme/b"], lane), progress(1, "x"));
        let reasons: Vec<_> =
            done.iter().map(|one| one.as_ref().err().map(|refused| refused.reason)).collect();
        assert_eq!(reasons, [Some(Reason::Fenced); 3]);
    }
    assert_eq!(frames(&log), [(1, Some("old".to_owned()))]);
    publish(&broker, (&["uns/v1/acme/a"], 1), progress(2, "new"));
    let ended = Progress { does: MarkDoes::Ends, ..progress(2, "") };
    assert!(publish(&broker, (&[], 0), ended).remove(0).is_ok());
    let known = resume(&broker, "pipeline 7");
    assert_eq!(&*known.position, b"", "it ended, so somebody begins anew");
}

#[test]
fn a_mark_that_is_too_large_is_refused_with_all_beside_it() {
    let log = Arc::new(SimLog::new());
    let broker = broker(&log);
    let state = vec![0; fabric::Mark::STATE_BYTES_MAX + 1].into();
    let large = Progress { state, ..progress(1, "") };
    let done = publish(&broker, (&["uns/v1/acme/a"], 0), large);
    let reasons: Vec<_> =
        done.iter().map(|one| one.as_ref().err().map(|refused| refused.reason)).collect();
    assert_eq!(reasons, [Some(Reason::PayloadTooLarge); 2]);
    assert_eq!(frames(&log), []);
}
