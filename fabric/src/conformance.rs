//! What every [`Log`] must do, whatever it stores its frames in.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use uns_model::{NodeNo, OrgId, PublisherId, Sequence, Timestamp, TopicId};

use crate::{
    Batch, Commit, GapReason, Log, OnCommit, Publish, Record, Tail, TailItem, ends_epoch,
    epoch_after,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// Makes a new, empty log.
pub type Factory<'a> = &'a dyn Fn() -> Arc<dyn Log>;

/// Runs the whole suite; panics at the first violation.
pub fn run(factory: Factory<'_>) {
    a_new_log_is_empty(&*factory());
    commits_are_in_order_and_exact(&*factory());
    nothing_is_visible_before_its_commit(&*factory());
    a_tail_may_start_anywhere(&*factory());
    several_tails_agree(&*factory());
    a_watch_wakes(&*factory());
    ingest_times_increase(&*factory());
    an_empty_batch_is_a_barrier(&*factory());
    holds_are_shown(&*factory());
    many_producers_keep_their_order(&*factory());
    a_log_that_ends_before_a_fold_begins_an_epoch(&*factory());
}

/// One publish with this payload, for tests.
pub fn publish(payload: &[u8], ingest: i64) -> Record<'_> {
    Record::Publish(Publish {
        org: OrgId::DEFAULT,
        topic: TopicId(1),
        node: NodeNo(1),
        publisher: PublisherId(1),
        qos: 1,
        retain: false,
        expiry: None,
        points: None,
        ingest: Timestamp(ingest),
        properties: &[],
        payload,
    })
}

/// A batch of publishes with these payloads.
pub fn batch(payloads: &[&[u8]]) -> Batch {
    let mut batch = Batch::new();
    for payload in payloads {
        batch.push(&publish(payload, 0));
    }
    batch
}

/// A callback and the place its result arrives at.
pub fn awaited() -> (OnCommit, mpsc::Receiver<Result<Commit, Arc<crate::Error>>>) {
    let (sender, receiver) = mpsc::sync_channel(1);
    let on_commit: OnCommit = Box::new(move |result| {
        sender.try_send(result).expect("it is called once");
    });
    (on_commit, receiver)
}

/// Appends and waits for the commit.
///
/// # Errors
/// Those of the append and of the commit.
pub fn append(log: &dyn Log, batch: Batch) -> Result<Commit, Arc<crate::Error>> {
    let (on_commit, result) = awaited();
    log.append(batch, Some(on_commit))?;
    result.recv_timeout(PATIENCE).expect("the fate of a batch is told in time")
}

/// Reads a tail until it has caught up: sequences and payloads of its publishes.
pub fn drain(tail: &mut dyn Tail) -> Vec<(u64, Vec<u8>)> {
    let mut seen = Vec::new();
    while let Some(item) = tail.next().expect("the log is readable") {
        let TailItem::Frame(frame) = item else { continue };
        for (sequence, record) in frame.records() {
            if let Record::Publish(publish) = record {
                seen.push((sequence.0, publish.payload.to_vec()));
            }
        }
    }
    seen
}

fn commit(log: &dyn Log, payloads: &[&[u8]]) -> Commit {
    append(log, batch(payloads)).expect("a healthy log commits")
}

fn a_new_log_is_empty(log: &dyn Log) {
    assert_eq!(log.committed(), Sequence::ZERO);
    assert!(drain(&mut *log.tail(Sequence::ZERO)).is_empty());
    assert!(log.oldest() > log.committed());
}

fn commits_are_in_order_and_exact(log: &dyn Log) {
    let first = commit(log, &[b"a", b"b"]);
    let second = commit(log, &[b"c"]);
    assert_eq!(first.last.0, first.first.0 + 1);
    assert!(first.last < second.first && second.first == second.last);
    assert_eq!(log.committed(), second.last);
    let expected = [
        (first.first.0, b"a".to_vec()),
        (first.last.0, b"b".to_vec()),
        (second.first.0, b"c".to_vec()),
    ];
    assert_eq!(drain(&mut *log.tail(Sequence::ZERO)), expected);
    assert_eq!(log.oldest(), first.first);
}

fn nothing_is_visible_before_its_commit(log: &dyn Log) {
    for _ in 0..50 {
        let mut tail = log.tail(log.committed());
        let committed = commit(log, &[b"x"]);
        assert!(log.committed() >= committed.last, "committed before the callback runs");
        assert_eq!(drain(&mut *tail), [(committed.first.0, b"x".to_vec())]);
    }
}

fn a_tail_may_start_anywhere(log: &dyn Log) {
    let one = commit(log, &[b"a", b"b", b"c"]);
    let after = |sequence: Sequence| drain(&mut *log.tail(sequence)).len();
    assert_eq!((after(Sequence::ZERO), after(one.first), after(one.last)), (3, 2, 0));
    assert_eq!(after(Sequence::MAX), 0);
}

fn several_tails_agree(log: &dyn Log) {
    let mut early = log.tail(Sequence::ZERO);
    let mut seen = Vec::new();
    for round in 0..20u8 {
        commit(log, &[&[round], &[round, round]]);
        seen.extend(drain(&mut *early));
    }
    assert_eq!(seen, drain(&mut *log.tail(Sequence::ZERO)));
    assert_eq!(seen.len(), 40);
}

fn a_watch_wakes(log: &dyn Log) {
    let mut watch = log.watch();
    watch.mark_unchanged();
    let committed = commit(log, &[b"x"]);
    assert!(watch.has_changed().expect("the log is open"));
    assert_eq!(*watch.borrow_and_update(), committed.last);
}

fn ingest_times_increase(log: &dyn Log) {
    for ingest in [1_000, 5, 2_000, 2_000] {
        let mut batch = Batch::new();
        batch.push(&publish(b"x", ingest));
        append(log, batch).expect("a healthy log commits");
    }
    let mut tail = log.tail(Sequence::ZERO);
    let mut times = Vec::new();
    while let Some(TailItem::Frame(frame)) = tail.next().expect("the log is readable") {
        times.extend(frame.records().map(|(_, record)| record.ingest().0));
    }
    assert_eq!(times, [1_000, 1_001, 2_000, 2_001]);
}

fn an_empty_batch_is_a_barrier(log: &dyn Log) {
    let before = commit(log, &[b"x"]);
    let barrier = append(log, Batch::new()).expect("a healthy log commits");
    assert_eq!((barrier.first, barrier.last), (before.last.next(), before.last));
    assert_eq!(drain(&mut *log.tail(Sequence::ZERO)).len(), 1);
}

fn holds_are_shown(log: &dyn Log) {
    log.hold("historian", Sequence(1));
    log.hold("historian", Sequence(7));
    let holds = log.health().holds;
    assert_eq!(holds.len(), 1);
    assert_eq!((holds[0].name.as_str(), holds[0].at), ("historian", Sequence(7)));
}

fn a_log_that_ends_before_a_fold_begins_an_epoch(log: &dyn Log) {
    let before = commit(log, &[b"a", b"b"]).last;
    log.begin_after("behind", Sequence(1));
    assert_eq!(log.committed(), before, "a fold that is behind changes nothing");
    let ahead = Sequence(before.0 + 1_000);
    log.begin_after("ahead", ahead);
    let epoch = log.committed();
    assert!(ends_epoch(epoch) && epoch == epoch_after(ahead), "{epoch}");
    log.begin_after("slower", Sequence(before.0 + 10));
    assert_eq!(log.committed(), epoch, "one epoch is enough");
    let gap = |after: Sequence, until: Sequence| (after.0, until.0, GapReason::Lost);
    assert_eq!(gaps(&mut *log.tail(ahead)), [gap(ahead, epoch)], "told before a record comes");
    let first = commit(log, &[b"c"]).first;
    assert!(first > epoch, "{first} comes after every sequence that was given out");
    for from in [Sequence::ZERO, before, ahead] {
        let mut tail = log.tail(from);
        assert_eq!(gaps(&mut *tail), [gap(from.max(before), epoch)], "from {from}");
    }
    assert_eq!(drain(&mut *log.tail(ahead)), [(first.0, b"c".to_vec())]);
    assert_eq!(drain(&mut *log.tail(Sequence::ZERO)).len(), 3);
    log.begin_after("at the end of it", epoch);
    assert_eq!(log.committed(), first, "who is at the epoch has all there is before it");
    assert!(gaps(&mut *log.tail(epoch)).is_empty());
}

fn gaps(tail: &mut dyn Tail) -> Vec<(u64, u64, GapReason)> {
    let mut gaps = Vec::new();
    while let Some(item) = tail.next().expect("the log is readable") {
        if let TailItem::Gap { after, until, reason } = item {
            gaps.push((after.0, until.0, reason));
        }
    }
    gaps
}

fn many_producers_keep_their_order(log: &dyn Log) {
    std::thread::scope(|scope| {
        for producer in 0..4u8 {
            scope.spawn(move || {
                for number in 0..100u8 {
                    let queued = log.append(batch(&[&[producer, number]]), None);
                    queued.expect("the queue holds a few hundred records");
                }
                append(log, batch(&[&[producer, 100]])).expect("a healthy log commits");
            });
        }
    });
    let seen = drain(&mut *log.tail(Sequence::ZERO));
    assert!(seen.is_sorted_by(|a, b| a.0 < b.0), "sequences increase");
    for producer in 0..4u8 {
        let of = |(_, payload): &(u64, Vec<u8>)| (payload[0] == producer).then_some(payload[1]);
        let numbers: Vec<u8> = seen.iter().filter_map(of).collect();
        assert_eq!(numbers, (0..=100).collect::<Vec<u8>>());
    }
}
