//! What the gate makes of a publish reaches clients: RETAIN as it decides, its own messages on other
//! topics, all in one append; a command that waits for a client dies soon (NS-3).

use std::path::PathBuf;
use std::sync::Arc;

use broker_codec::{Connect, ConnectProperties, Publish, Version};
use broker_ledger::{Ledger, Topics};
use broker_server::Deps;
use fabric::sim::{SimDisk, SimLog};
use fabric::{Log, Record, Rejection, TailItem};
use tokio::sync::watch;
use uns_model::{OrgId, Sequence, SystemClock, TopicId};
use uns_namespace::{Emitted, Judged, Namespace, Retain, Rule, Rules, Verdict};

use crate::client::{Broker, QOS0, QOS1, connect, expiring, message, qos1};
use crate::namespace::namespace;

struct Alarming;

impl Rules for Alarming {
    fn of(&self, _: OrgId, topic: &str) -> Option<Arc<dyn Rule>> {
        topic.starts_with("uns/v1/").then(|| Arc::new(Self) as Arc<dyn Rule>)
    }
}

impl Rule for Alarming {
    fn retain(&self) -> Retain {
        Retain::Forced
    }

    fn check(&self, publish: &Judged<'_>, verdict: &mut Verdict) -> Result<(), Rejection> {
        let topic = format!("$uns/alerts/{}", publish.topic).into();
        verdict.outputs.push(Emitted { topic, payload: "high".into(), qos: 1, retain: true });
        Ok(())
    }
}

/// Sessions that outlive their connections, on the log.
fn sessions(log: &Arc<SimLog>, space: &Arc<Namespace>) -> Arc<Ledger> {
    let parts = broker_ledger::Parts {
        log: log.clone(),
        disk: Arc::new(SimDisk::new(2, 1 << 30)),
        dir: PathBuf::from("/sessions"),
        clock: Arc::new(SystemClock),
        topics: Arc::new(Names(Arc::clone(space))),
        config: broker_ledger::Config::default(),
    };
    Ledger::open(parts).expect("no sessions yet")
}

struct Names(Arc<Namespace>);

impl Topics for Names {
    fn topic(&self, id: TopicId) -> Option<Arc<str>> {
        self.0.topic(id)
    }
}

fn records(log: &SimLog) -> Vec<Vec<String>> {
    let mut tail = log.tail(Sequence::ZERO);
    let mut frames = Vec::new();
    while let Some(TailItem::Frame(frame)) = tail.next().expect("it can be read") {
        frames.push(frame.records().filter_map(|(_, record)| word(&record)).collect());
    }
    frames
}

fn word(record: &Record<'_>) -> Option<String> {
    match record {
        Record::Publish(publish) => Some(format!("publish retain={}", publish.retain)),
        Record::Message(message) => Some(format!("{} retain={}", message.topic, message.retain)),
        Record::Owed { back, .. } => Some(format!("owed {back} back")),
        _ => None,
    }
}

#[test]
fn a_publish_and_what_it_causes_are_one_append() {
    let log = Arc::new(SimLog::new());
    let space = namespace(&log);
    space.set_rules(Arc::new(Alarming));
    let ledger = Some(sessions(&log, &space));
    let deps = Deps { namespace: Some(space), ledger, ..Deps::default() };
    let broker = Broker::over(deps, |_| ());
    let lasting =
        ConnectProperties { session_expiry_interval: Some(3_600), ..ConnectProperties::default() };
    let mut lasting =
        broker.client(&Connect { properties: lasting, ..connect(Version::V5, "lasting") });
    lasting.subscribe(&[("$uns/alerts/#", QOS1)]);
    let mut live = broker.v5("live");
    live.subscribe(&[("#", QOS0), ("$uns/alerts/#", QOS0)]);
    let mut client = broker.v5("c");
    client.publish(qos1("uns/v1/acme/speed", "7", 1));
    client.puback();
    let topics = ["uns/v1/acme/speed", "$uns/alerts/uns/v1/acme/speed"];
    for topic in topics {
        assert_eq!(live.got().topic, topic);
    }
    assert_eq!(lasting.got_text(), (topics[1].into(), "high".into()));
    let caused =
        ["publish retain=true", "$uns/alerts/uns/v1/acme/speed retain=true", "owed 2 back"];
    assert!(records(&log).iter().any(|frame| *frame == caused), "{:?}", records(&log));
}

#[test]
fn what_a_rule_has_retained_is_there_for_whoever_comes_later() {
    let space = namespace(&Arc::new(SimLog::new()));
    space.set_rules(Arc::new(Alarming));
    let (stop, stopped) = watch::channel(false);
    let follower = Arc::clone(&space);
    std::thread::spawn(move || follower.run(stopped));
    let broker = Broker::over(Deps { namespace: Some(space), ..Deps::default() }, |_| ());
    let mut client = broker.v5("c");
    client.publish(qos1("uns/v1/acme/speed", "7", 1));
    client.puback();
    let mut later = broker.v5("later");
    for (filter, payload) in [("uns/v1/#", "7"), ("$uns/alerts/#", "high")] {
        later.subscribe(&[(filter, QOS0)]);
        let got = later.got();
        assert_eq!((got.retain, &*got.payload), (true, payload.as_bytes()), "{filter}");
    }
    drop(stop);
}

#[test]
fn a_command_says_when_it_is_too_late() {
    let space = namespace(&Arc::new(SimLog::new()));
    let broker = Broker::over(Deps { namespace: Some(space), ..Deps::default() }, |_| ());
    let mut device = broker.v5("device");
    device.subscribe(&[("unsc/v1/#", QOS1), ("uns/v1/#", QOS0)]);
    let mut client = broker.v5("c");
    client.publish(message("unsc/v1/acme/go", "1"));
    for expiry in [5, 3_600] {
        client.publish(Publish { properties: expiring(expiry), ..message("unsc/v1/acme/go", "1") });
    }
    client.publish(Publish { properties: expiring(3_600), ..message("uns/v1/acme/set", "1") });
    let got = [(); 4].map(|()| device.got().expiry);
    assert_eq!(got, [Some(30), Some(5), Some(30), Some(3_600)]);
}
