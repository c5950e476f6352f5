//! NS-33: every refused publish is described on `$uns/dead/<reason>/<topic>` to those who may read
//! its topic, and kept; a flood of them is folded and the counters stay exact.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use broker_codec::{Connect, Packet, Publish, QoS, ReasonCode as R, Version, Will};
use broker_server::{DeadLetter, DeadLetters, Deps, InProcess, OnStored, Quota, StoredDeadLetter};
use parking_lot::Mutex;

use crate::authenticator::{SlowAuthenticator, as_user};
use crate::client::{Broker, Client, QOS0, connect, eventually, message, qos1};

/// Keeps one line for each.
#[derive(Default)]
pub(crate) struct KeptLetters {
    pub(crate) lines: Mutex<Vec<String>>,
    last: AtomicU64,
    /// Whether answers that wait for it are not told yet.
    holds: AtomicBool,
    held: Mutex<Vec<OnStored>>,
}

impl DeadLetters for KeptLetters {
    fn store(&self, dead: &DeadLetter<'_>, on_stored: Option<OnStored>) -> StoredDeadLetter {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let DeadLetter { client_id, topic, qos, reason, .. } = dead;
        let line = format!("{client_id} {topic} q{qos} {reason} {}", dead.payload.len());
        self.lines.lock().push(line.clone());
        match on_stored {
            Some(on_stored) if self.holds.load(Ordering::Relaxed) => {
                self.held.lock().push(on_stored)
            }
            Some(on_stored) => on_stored(true),
            None => {}
        }
        StoredDeadLetter { id: format!("dead-{id}").into(), body: line.into() }
    }
}

/// A broker with room for one retained message, which is taken.
fn broker(letters: &Arc<KeptLetters>) -> Broker {
    let dead_letters = Some(Arc::clone(letters) as Arc<dyn DeadLetters>);
    let deps = Deps { dead_letters, ..SlowAuthenticator::default().deps() };
    let broker = Broker::over(deps, |config| {
        config.engine.limits.organisation.retained = Quota { count: 1, bytes: 0 };
    });
    let mut first = broker.v5("first");
    first.publish(Publish { retain: true, ..qos1("kept", "x", 1) });
    assert_eq!(first.puback(), (1, R::Success));
    broker
}

fn kept<'a>(topic: &'a str, payload: &'a str) -> Publish<'a> {
    Publish { retain: true, ..message(topic, payload) }
}

#[test]
fn everything_refused_is_described() {
    let letters = Arc::new(KeptLetters::default());
    let broker = broker(&letters);
    let mut watcher = broker.v5("w");
    watcher.subscribe(&[("$uns/dead/#", QOS0)]);
    let mut others = broker.v5("o");
    others.subscribe(&[("#", QOS0), ("own/#", QOS0)]);
    let mut check = |line: &str| {
        let mut words = line.split(' ');
        let (topic, reason) = (words.nth(1).expect("a topic"), words.nth(1).expect("a reason"));
        let got = watcher.got();
        assert_eq!(got.topic, format!("$uns/dead/{reason}/{topic}"));
        assert_eq!(String::from_utf8(got.payload).expect("text"), line);
        assert!(!got.retain);
    };

    let mut v5 = broker.v5("five");
    v5.publish(Publish { retain: true, ..qos1("full", "abc", 7) });
    v5.next(|packet| match packet {
        Packet::Puback(ack) => {
            assert_eq!(ack.reason, R::QuotaExceeded);
            let user: Vec<_> = ack.properties.user.iter().collect();
            assert_eq!(user, [("uns-reason", "quota_exceeded"), ("uns-dead-id", "dead-1")]);
        }
        other => panic!("{other:?}"),
    });
    check("five full q1 quota_exceeded 3");
    v5.publish(kept("full", "ab"));
    check("five full q0 quota_exceeded 2");
    let mut v3 = broker.v3("three");
    v3.publish(Publish { retain: true, ..qos1("é/full", "", 1) });
    assert_eq!(v3.puback(), (1, R::Success), "an empty one clears");
    v3.publish(Publish { retain: true, ..qos1("é/full", "x", 2) });
    assert_eq!(v3.puback(), (2, R::Success), "MQTT 3.1.1 has no refusal");
    check("three é/full q1 quota_exceeded 1");

    let mut user = broker.client(&as_user(Version::V5, "user", "right"));
    user.publish(qos1("theirs/x", "1", 1));
    assert_eq!(user.puback(), (1, R::NotAuthorized));
    check(&format!("{} theirs/x q1 not_authorized 1", as_user(Version::V5, "user", "").client_id));

    let will = Will {
        topic: "will/full",
        payload: b"bye",
        qos: QoS::AtMostOnce,
        retain: true,
        delay_interval: None,
        properties: Default::default(),
    };
    drop(broker.client(&Connect { will: Some(will), ..connect(Version::V5, "dying") }));
    check("dying will/full q0 quota_exceeded 3");

    let inside = InProcess {
        topic: "inside".into(),
        payload: "12".into(),
        retain: true,
        ..InProcess::default()
    };
    broker.inside("hub", vec![inside]).remove(0).expect_err("it is full");
    check("hub inside q0 quota_exceeded 2");

    // Nobody makes a dead letter of a dead letter.
    v5.publish(qos1("$uns/dead/quota_exceeded/full", "x", 8));
    assert_eq!(v5.puback(), (8, R::NotAuthorized));
    v5.publish(kept("last", "x"));
    check("five last q0 quota_exceeded 1");
    // There is no topic for a description of this one; it is kept all the same.
    v5.publish(kept(&"x".repeat(65_535), "x"));
    v5.ping();
    watcher.ping();
    assert!(others.got_all().iter().all(|got| !got.topic.starts_with('$')));
    assert_eq!(letters.lines.lock().len(), 8);
}

#[test]
fn they_are_for_those_who_may_read_the_topic() {
    let letters = Arc::new(KeptLetters::default());
    let broker = broker(&letters);
    let mut user = broker.client(&as_user(Version::V5, "user", "right"));
    let filters = ["$uns/dead/+/theirs/#", "$uns/dead/#", "$uns/dead/+/own/#"];
    let codes = user.subscribe(&filters.map(|filter| (filter, QOS0)));
    assert_eq!(codes, [R::NotAuthorized, R::GRANTED_QOS_0, R::GRANTED_QOS_0]);
    let mut sender = broker.v5("s");
    for topic in ["theirs/a", "own/a", "theirs/b", "own/b"] {
        sender.publish(kept(topic, "x"));
    }
    assert_eq!(user.got().topic, "$uns/dead/quota_exceeded/own/a");
    assert_eq!(user.got().topic, "$uns/dead/quota_exceeded/own/b");
    sender.ping();
    user.ping();
    assert_eq!(letters.lines.lock().len(), 4);
}

#[test]
fn a_flood_is_folded_and_counted_exactly() {
    let letters = Arc::new(KeptLetters::default());
    let broker = broker(&letters);
    let flood = |client: &mut Client, count: usize| {
        for _ in 0..count {
            client.publish(kept("full", "x"));
        }
        client.ping();
    };
    let start = Instant::now();
    flood(&mut broker.v5("a"), 5000);
    flood(&mut broker.v5("b"), 100);
    let seconds = usize::try_from(start.elapsed().as_secs()).expect("a few") + 1;
    let described = letters.lines.lock().len();
    assert!((1000..1010 + 1010 * seconds).contains(&described), "{described} in {seconds} s");
    assert!(letters.lines.lock().iter().any(|line| line.starts_with("b ")), "one of each client");
    eventually("the counters", || {
        let stats = broker.handle.stats().stats;
        stats.rejected == 5100
            && stats.dead_letters == described as u64
            && stats.dead_letters + stats.dead_letters_folded == 5100
    });
}

/// A client of MQTT 3.1.1 hears of no refusal, so each of its own is described, at its own cost.
#[test]
fn publishers_of_3_1_1_are_slowed_down() {
    let letters = Arc::new(KeptLetters::default());
    let broker = broker(&letters);
    let mut old = broker.v3("old");
    let start = Instant::now();
    for id in 1..=1500 {
        old.publish(Publish { retain: true, ..qos1("full", "x", id) });
    }
    for id in 1..=1500 {
        assert_eq!(old.puback(), (id, R::Success));
    }
    assert!(start.elapsed() >= Duration::from_millis(450), "{:?}", start.elapsed());
    assert_eq!(letters.lines.lock().len(), 1500);
}

/// The positive answer to a refused publish of 3.1.1 follows its dead letter to disk, in the order
/// of its publishes; without the letter there is none, and the client sends it again.
#[test]
fn in_3_1_1_the_answer_follows_the_letter() {
    let letters = Arc::new(KeptLetters::default());
    let broker = broker(&letters);
    letters.holds.store(true, Ordering::Relaxed);
    let mut old = broker.v3("old");
    let refused = |id| Publish { retain: true, ..qos1("full", "x", id) };
    let exactly_once = |id| Publish { qos: QoS::ExactlyOnce, ..refused(id) };
    old.publish(refused(1));
    old.publish(exactly_once(2));
    old.publish(qos1("plain", "x", 3));
    old.publish(kept("full", "x"));
    let held = |count: usize| eventually("letters", || letters.held.lock().len() == count);
    held(2);
    let mut new = broker.v5("new");
    new.publish(refused(1));
    assert_eq!(new.puback(), (1, R::QuotaExceeded), "5 is told the truth, and at once");
    // Nothing was said so far: the answer to PINGREQ, which waits for nothing, comes first.
    old.ping();
    let told = |n: usize, kept| letters.held.lock()[n](kept);
    told(1, true);
    old.ping();
    told(0, true);
    assert_eq!(old.puback(), (1, R::Success));
    old.next(|packet| match packet {
        Packet::Pubrec(ack) => assert_eq!(ack.packet_id.get(), 2),
        other => panic!("{other:?}"),
    });
    assert_eq!(old.puback(), (3, R::Success));
    for publish in [refused(4), exactly_once(5)] {
        letters.held.lock().clear();
        let mut old = broker.v3("old");
        old.publish(publish);
        held(1);
        told(0, false);
        assert_eq!(old.rest(), b"", "not answered: its connection ends");
    }
}
