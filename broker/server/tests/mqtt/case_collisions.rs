//! NS-5 and rights: whoever publishes a name that differs in case only from one that it may not read
//! hears and leaves what it would at a topic it may not publish to. That holds for answers and for dead
//! letters, and for every way a message comes in.

use std::sync::Arc;

use broker_codec::{Connect, Packet, QoS, ReasonCode as R, Version, Will};
use broker_server::{
    DeadLetter, DeadLetters, Deps, InProcess, OnStored, StoredDeadLetter, Together,
};
use fabric::sim::SimLog;
use parking_lot::Mutex;
use uns_model::OrgId;

use crate::authenticator::NoSecrets;
use crate::client::{Broker, connect, eventually, qos1};
use crate::namespace::namespace;

/// Keeps what dead letters say.
#[derive(Default)]
struct Letters(Mutex<Vec<String>>);

impl DeadLetters for Letters {
    fn store(&self, dead: &DeadLetter<'_>, _: Option<OnStored>) -> StoredDeadLetter {
        let DeadLetter { topic, reason, detail, dead_topic, .. } = dead;
        let line = format!("{dead_topic} {topic} {reason} {detail}");
        self.0.lock().push(line.clone());
        StoredDeadLetter { id: "dead".into(), body: line.into() }
    }
}

impl Letters {
    /// The one that came, its topic called TOPIC.
    fn take(&self, topic: &str) -> String {
        eventually("a dead letter", || !self.0.lock().is_empty());
        let letters = std::mem::take(&mut *self.0.lock());
        assert_eq!(letters.len(), 1, "{letters:?}");
        letters[0].replace(topic, "TOPIC")
    }
}

const PARENT: &str = "uns/v1/acme";
const DENIED: &str = "uns/v1/acme/secret/x";
const HIDDEN: &str = "uns/v1/acme/Secret/recipe";

fn inside(broker: &Broker, guarded: bool, topic: &str) -> Option<String> {
    let batch = Together {
        org: OrgId::DEFAULT,
        client_id: "http:device".into(),
        access: guarded.then(|| Arc::new(NoSecrets) as _),
        items: vec![InProcess { topic: topic.into(), payload: "1".into(), ..InProcess::default() }],
        ..Together::default()
    };
    let outcomes = broker.block_on(broker.handle.together(0, batch)).expect("the broker runs");
    let refused = outcomes.into_iter().next().expect("one answer").err();
    refused.map(|refused| refused.to_string().replace(topic, "TOPIC"))
}

/// The answer to a publish of a row, or to one of its own topic: the code and what it says.
fn answer(broker: &Broker, topic: &str, batch: Option<&str>) -> (R, String) {
    let mut client = broker.v5("five");
    let path = topic.strip_prefix("uns/v1/acme/").expect("below the parent");
    let payload = format!(r#"{{"points":[{{"path":"{path}","value":1}}]}}"#);
    let mut publish = match batch {
        Some(_) => qos1(PARENT, &payload, 1),
        None => qos1(topic, "1", 1),
    };
    let mut properties = Vec::new();
    if batch == Some("atomic") {
        let atomic = broker_codec::Property::UserProperty("uns-batch", "atomic");
        atomic.encode(&mut properties).expect("short");
    }
    publish.properties.pass_through = broker_codec::PassThrough::parse(&properties).expect("good");
    client.publish(publish);
    client.next(|packet| match packet {
        Packet::Puback(ack) => {
            let said = format!("{:?} {:?}", ack.properties.reason_string, ack.properties.user);
            (ack.reason, said.replace(topic, "TOPIC"))
        }
        other => panic!("{other:?}"),
    })
}

#[test]
fn every_way_in_reads_like_a_topic_without_a_right() {
    let letters = Arc::new(Letters::default());
    let deps = Deps {
        namespace: Some(namespace(&Arc::new(SimLog::new()))),
        dead_letters: Some(Arc::clone(&letters) as Arc<dyn DeadLetters>),
        authenticate: Box::new(NoSecrets),
        ..Deps::default()
    };
    let broker = Broker::over(deps, |_| ());
    assert_eq!(inside(&broker, false, "uns/v1/acme/secret/recipe"), None, "it exists now");
    for batch in [None, Some("rows"), Some("atomic")] {
        let of = |topic| {
            let said = answer(&broker, topic, batch);
            (said, letters.take(topic))
        };
        let (said, letter) = of(HIDDEN);
        assert_eq!((&said, &letter), (&of(DENIED).0, &of(DENIED).1), "{batch:?}");
        assert_eq!(said.0 == R::Success, batch == Some("rows"), "{said:?}");
        assert!(!format!("{said:?} {letter}").contains("secret"), "{said:?} {letter}");
    }
    let of = |topic| (inside(&broker, true, topic), letters.take(topic));
    assert_eq!(of(HIDDEN), of(DENIED));
    let of = |topic| {
        let will = Will {
            topic,
            payload: b"1",
            qos: QoS::AtLeastOnce,
            retain: false,
            delay_interval: None,
            properties: Default::default(),
        };
        drop(broker.client(&Connect { will: Some(will), ..connect(Version::V5, "dying") }));
        letters.take(topic)
    };
    assert_eq!(of(HIDDEN), of(DENIED));
}
