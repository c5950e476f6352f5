//! TRAP-22, TRAP-31: over a namespace, PUBACK follows the commit and says why a publish was refused;
//! retained messages survive a restart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use broker_codec::{Packet, Publish, ReasonCode as R};
use broker_server::{Deps, Error, InProcess};
use fabric::sim::{SimDisk, SimLog};
use uns_model::{OrgId, SeededRandom, SystemClock};
use uns_namespace::{Namespace, Parts, Reason};

use crate::client::{Broker, QOS0, message, qos1};

fn namespace(log: &Arc<SimLog>) -> Arc<Namespace> {
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
    let publish = |topic: &str| InProcess {
        org: OrgId::DEFAULT,
        topic: topic.into(),
        payload: "1".into(),
        qos: 1,
        client_id: "hub".into(),
        ..InProcess::default()
    };
    let committed = broker.block_on(broker.handle.publish(publish("uns/v1/acme/speed")));
    let commit = committed.expect("accepted").expect("a node");
    assert!(commit.last >= commit.first && fabric::Log::committed(&*log) >= commit.last);
    assert_eq!(watcher.got().payload, b"1");
    let refused = broker.block_on(broker.handle.publish(publish("uns/v1//x")));
    assert!(matches!(refused, Err(Error::Rejected(r)) if r.reason == "topic_invalid"));
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
