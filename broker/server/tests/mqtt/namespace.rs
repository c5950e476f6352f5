//! TRAP-22, TRAP-31: over a namespace, PUBACK follows the commit and says why a publish was refused;
//! retained messages survive a restart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use broker_codec::{Packet, Publish, ReasonCode as R};
use broker_server::{Deps, InProcess};
use fabric::sim::{SimDisk, SimLog};
use uns_model::{Reason, SeededRandom, SystemClock};
use uns_namespace::{Namespace, Parts};

use crate::client::{Broker, QOS0, message, qos1};

pub(crate) fn namespace(log: &Arc<SimLog>) -> Arc<Namespace> {
    let parts = Parts {
        log: log.clone(),
        disk: Arc::new(SimDisk::new(1, 1 << 30)),
        dir: PathBuf::from("/namespace"),
        clock: Arc::new(SystemClock),
        random: Arc::new(SeededRandom::new(1)),
        config: uns_namespace::Config::default(),
    };
    Namespace::open(parts).expect("an empty namespace")
}

fn broker(log: &Arc<SimLog>) -> Broker {
    Broker::over(Deps { namespace: Some(namespace(log)), ..Deps::default() }, |_| ())
}

#[test]
fn no_ack_before_the_commit() {
    let log = Arc::new(SimLog::new());
    let broker = broker(&log);
    let mut client = broker.v5("c");
    client.publish(qos1("uns/v1/acme/line1/speed", "1", 1));
    assert_eq!(client.puback(), (1, R::Success));
    log.pause();
    for id in 2..=100 {
        client.publish(qos1("uns/v1/acme/line1/speed", "2", id));
    }
    client.ping();
    std::thread::sleep(Duration::from_millis(50));
    client.ping();
    log.resume();
    for id in 2..=100 {
        assert_eq!(client.puback(), (id, R::Success));
    }
}

#[test]
fn refusals_have_their_code_and_reason() {
    let log = Arc::new(SimLog::new());
    let space = namespace(&log);
    let deps = Deps { namespace: Some(Arc::clone(&space)), ..Deps::default() };
    let broker = Broker::over(deps, |_| ());
    let mut client = broker.v5("c");
    let mut watcher = broker.v5("w");
    watcher.subscribe(&[("#", QOS0)]);
    for (id, topic, payload, code, reason) in [
        (1, "uns/v1/acme//speed", "1", R::TopicNameInvalid, "topic_invalid"),
        (2, "uns/v1/acme/speed", "{\"a\":1,\"a\":2}", R::PayloadFormatInvalid, "payload_malformed"),
        (3, "$uns/dead/x", "1", R::NotAuthorized, "not_authorized"),
    ] {
        client.publish(qos1(topic, payload, id));
        client.next(|packet| match packet {
            Packet::Puback(ack) => {
                assert_eq!((ack.packet_id.get(), ack.reason), (id, code), "{topic}");
                let user: Vec<_> = ack.properties.user.iter().collect();
                assert_eq!(user, [("uns-reason", reason)]);
                assert!(ack.properties.reason_string.is_some());
            }
            other => panic!("{other:?}"),
        });
    }
    // Each was counted, by the one reason it had (NS-33).
    for reason in [Reason::TopicInvalid, Reason::PayloadMalformed, Reason::NotAuthorized] {
        let rejected = space.stats().rejected;
        assert!(rejected.contains(&(reason, 1)), "{rejected:?}");
    }
    let mut old = broker.v3("old");
    old.publish(qos1("uns/v1/acme//speed", "1", 4));
    assert_eq!(old.puback(), (4, R::Success));
    watcher.ping();
    log.set_disk_full(true);
    client.publish(qos1("uns/v1/acme/other", "1", 5));
    assert_eq!(client.puback(), (5, R::QuotaExceeded));
    log.set_disk_full(false);
    client.publish(qos1("uns/v1/acme/other", "1", 6));
    assert_eq!(client.puback(), (6, R::Success));
}

#[test]
fn retained_messages_survive_a_restart() {
    let log = Arc::new(SimLog::new());
    let mut first = broker(&log);
    let mut client = first.v5("c");
    client.publish(Publish { retain: true, ..qos1("uns/v1/acme/speed", "7", 1) });
    client.publish(Publish { retain: true, ..qos1("uns/v1/acme/gone", "8", 2) });
    client.publish(Publish { retain: true, ..qos1("uns/v1/acme/gone", "", 3) });
    for id in 1..=3 {
        assert_eq!(client.puback().0, id);
    }
    first.shutdown();
    let second = broker(&log);
    let mut client = second.v5("c");
    client.subscribe(&[("uns/v1/#", QOS0)]);
    assert_eq!(client.got_text(), ("uns/v1/acme/speed".into(), "7".into()));
    client.ping();
}

#[test]
fn publishes_from_inside_tell_their_sequence() {
    let log = Arc::new(SimLog::new());
    let broker = broker(&log);
    let mut watcher = broker.v5("w");
    watcher.subscribe(&[("uns/v1/#", QOS0)]);
    let publish = |topic: &str, payload: &'static str| InProcess {
        topic: topic.into(),
        payload: payload.into(),
        qos: 1,
        ..InProcess::default()
    };
    let items = vec![
        publish("uns/v1/acme/speed", "1"),
        publish("uns/v1//x", "never"),
        publish("uns/v1/acme/torque", "2"),
        publish("unsc/v1/acme/go", "3"),
        publish("uns/v1/acme/speed", "4"),
    ];
    let outcomes = broker.inside("hub", items);
    let sequences: Vec<_> = outcomes.iter().map(|o| o.as_ref().ok().copied().flatten()).collect();
    assert!(matches!(&outcomes[1], Err(rejection) if rejection.reason == Reason::TopicInvalid));
    assert_eq!((sequences[1], sequences[3]), (None, None), "a command is not kept");
    for payload in ["1", "2", "4"] {
        assert_eq!(watcher.got().payload, payload.as_bytes());
    }
    // Each names the record that holds it.
    let mut tail = fabric::Log::tail(&*log, uns_model::Sequence::ZERO);
    let mut records = Vec::new();
    while let Some(fabric::TailItem::Frame(frame)) = tail.next().expect("it can be read") {
        for (sequence, record) in frame.records() {
            if let fabric::Record::Publish(publish) = record {
                records.push((sequence, publish.payload.to_vec()));
            }
        }
    }
    let named: Vec<_> = [(0, "1"), (2, "2"), (4, "4")]
        .map(|(at, payload)| (sequences[at].expect("logged"), payload.as_bytes().to_vec()))
        .into();
    assert_eq!(records, named);
    broker.v5("c").publish(message("uns/v1/acme/speed", "2"));
    assert_eq!(watcher.got().payload, b"2");
}

#[test]
fn children_are_delivered_on_their_own_topics() {
    let log = Arc::new(SimLog::new());
    let broker = broker(&log);
    let mut watcher = broker.v5("w");
    watcher.subscribe(&[("uns/v1/acme/line1/+/temperature", QOS0)]);
    let payload = r#"{"points":[{"path":"motor/temperature","value":21.5}]}"#;
    broker.v5("c").publish(message("uns/v1/acme/line1", payload));
    assert_eq!(watcher.got().topic, "uns/v1/acme/line1/motor/temperature");
}
