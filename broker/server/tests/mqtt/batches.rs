//! NS-21, NS-33: every row of a batch is judged like a publish of its own. Refused rows become dead
//! letters one by one, and the ack says how many there are.

use std::sync::Arc;

use broker_codec::{Connect, Packet, QoS, ReasonCode as R, Version, Will};
use broker_server::{DeadLetters, Deps, InProcess, Together};
use fabric::sim::SimLog;
use uns_model::{OrgId, Reason};
use uns_namespace::Namespace;

use crate::authenticator::NoSecrets;
use crate::client::{Broker, QOS0, connect, eventually, message, qos1};
use crate::dead_letters::KeptLetters;
use crate::namespace::namespace;

struct World {
    broker: Broker,
    space: Arc<Namespace>,
    dead: Arc<KeptLetters>,
}

impl World {
    fn new() -> Self {
        let log = Arc::new(SimLog::new());
        let (space, dead) = (namespace(&log), Arc::new(KeptLetters::default()));
        let deps = Deps {
            namespace: Some(Arc::clone(&space)),
            dead_letters: Some(Arc::clone(&dead) as Arc<dyn DeadLetters>),
            authenticate: Box::new(NoSecrets),
            ..Deps::default()
        };
        Self { broker: Broker::over(deps, |_| ()), space, dead }
    }

    fn has_node(&self, topic: &str) -> bool {
        self.space.catch_up().expect("the log is readable");
        self.space.node_of_topic(OrgId::DEFAULT, topic).is_some()
    }
}

const TOPIC: &str = "uns/v1/acme";
const SECRET: &str = "uns/v1/acme/secret/recipe";
const BATCH: &str =
    r#"{"points":[{"path":"secret/recipe","value":666},{"path":"open","value":1},7]}"#;

#[test]
fn a_row_needs_the_right_that_a_publish_to_its_topic_needs() {
    let world = World::new();
    let mut watcher = world.broker.v5("w");
    watcher.subscribe(&[("uns/v1/#", QOS0)]);
    let mut client = world.broker.v5("five");
    client.publish(qos1(TOPIC, BATCH, 1));
    client.next(|packet| match packet {
        Packet::Puback(ack) => {
            assert_eq!(ack.reason, R::Success);
            let user: Vec<_> = ack.properties.user.iter().collect();
            assert_eq!(user, [("uns-rejected", "2")]);
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(watcher.got_text(), (TOPIC.into(), BATCH.into()));
    let open = ("uns/v1/acme/open".to_owned(), r#"{"value":1}"#.to_owned());
    assert_eq!(watcher.got_text(), open);
    client.publish(broker_codec::Publish { qos: QoS::ExactlyOnce, ..qos1(TOPIC, BATCH, 2) });
    client.next(|packet| match packet {
        Packet::Pubrec(ack) => {
            let user: Vec<_> = ack.properties.user.iter().collect();
            assert_eq!(user, [("uns-rejected", "2")]);
        }
        other => panic!("{other:?}"),
    });
    let mut old = world.broker.v3("three");
    old.publish(qos1(TOPIC, BATCH, 1));
    assert_eq!(old.puback(), (1, R::Success), "MQTT 3.1.1 has no more to say");
    old.publish(message(TOPIC, BATCH));
    old.ping();
    let expected = [("five", 1), ("five", 2), ("three", 1), ("three", 0)].map(|(client, qos)| {
        let secret = format!("{client} {SECRET} q{qos} not_authorized 13");
        [secret, format!("{client} {TOPIC} q{qos} payload_malformed 1")]
    });
    assert_eq!(*world.dead.lines.lock(), expected.concat());
    assert!(!world.has_node(SECRET) && world.has_node("uns/v1/acme/open"));
    let rejected = world.space.stats().rejected;
    assert!(rejected.contains(&(Reason::NotAuthorized, 4)), "{rejected:?}");
    assert!(rejected.contains(&(Reason::PayloadMalformed, 4)), "{rejected:?}");
}

#[test]
fn a_batch_as_a_will_and_one_from_inside_are_judged_alike() {
    let world = World::new();
    let will = Will {
        topic: TOPIC,
        payload: BATCH.as_bytes(),
        qos: QoS::AtLeastOnce,
        retain: true,
        delay_interval: None,
        properties: Default::default(),
    };
    drop(world.broker.client(&Connect { will: Some(will), ..connect(Version::V5, "dying") }));
    eventually("the will", || world.has_node("uns/v1/acme/open"));
    let inside = InProcess { topic: TOPIC.into(), payload: BATCH.into(), ..InProcess::default() };
    let batch = Together {
        org: OrgId::DEFAULT,
        client_id: "http:device".into(),
        access: Some(Arc::new(NoSecrets)),
        items: vec![inside],
        ..Together::default()
    };
    let taken = world.broker.block_on(world.broker.handle.together(0, batch));
    assert!(taken.expect("the broker runs")[0].is_ok(), "the good row is taken");
    let lines = ["dying", "http:device"].map(|client| {
        let qos = u8::from(client == "dying");
        let secret = format!("{client} {SECRET} q{qos} not_authorized 13");
        [secret, format!("{client} {TOPIC} q{qos} payload_malformed 1")]
    });
    eventually("their dead letters", || *world.dead.lines.lock() == lines.concat());
    assert!(!world.has_node(SECRET));
}
