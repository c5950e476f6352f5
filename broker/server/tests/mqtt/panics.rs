//! A panic in what concerns one connection ends that connection, and leaves nothing of it behind; one
//! in what they share ends the process (`dead_core.rs`).

use std::sync::Arc;

use broker_codec::{
    Connect, Disconnect, Packet, PublishProperties, QoS, ReasonCode as R, Version, Will,
};
use broker_server::{
    Access, Action, Authenticate, Coverage, Deps, EndCause, Exchange, Identity, Login, Step,
    Verdict,
};
use fabric::sim::SimLog;
use uns_model::OrgId;

use crate::client::{Broker, QOS0, QOS1, connect, eventually, message, qos1};
use crate::namespace::namespace;

/// Panics where a test wants it: for a topic or filter with `fault` in it, a client id, a method.
#[derive(Debug)]
pub(crate) struct Faulty;

impl Access for Faulty {
    fn allows(&self, _: Action, topic: &str) -> bool {
        assert!(!topic.contains("fault"), "the fault of this test");
        true
    }

    fn covers(&self, filter: &str) -> Coverage {
        assert!(!filter.contains("fault"), "the fault of this test");
        Coverage::All
    }
}

impl Authenticate for Faulty {
    fn authenticate(&self, login: &Login<'_>) -> Verdict {
        assert_ne!(login.client_id, "fault", "the fault of this test");
        Verdict::Known(Ok(Identity::new(OrgId::DEFAULT, "device", Arc::new(Self))))
    }

    fn exchange(&self, _: &str, _: &Login<'_>) -> Option<Box<dyn Exchange>> {
        Some(Box::new(Self))
    }
}

impl Exchange for Faulty {
    fn step(&mut self, _: &[u8]) -> Step {
        unreachable!("the fault of this test")
    }
}

fn broker() -> Broker {
    Broker::over(Deps { authenticate: Box::new(Faulty), ..Deps::default() }, |config| {
        // All on one core: whoever else is there shares it with the one that ends.
        config.cores = 1;
    })
}

fn ended(broker: &Broker) -> u64 {
    broker.handle.stats().stats.ended[EndCause::Panic as usize]
}

fn refused(broker: &Broker) -> u64 {
    broker.handle.stats().stats.refused[EndCause::Panic as usize]
}

fn with_will(version: Version) -> Connect<'static> {
    let will = Will {
        topic: "will",
        payload: b"gone",
        qos: QoS::AtMostOnce,
        retain: false,
        delay_interval: None,
        properties: PublishProperties::default(),
    };
    Connect { will: Some(will), ..connect(version, "one") }
}

#[test]
fn a_panic_while_a_packet_is_handled_ends_its_connection_alone() {
    let broker = broker();
    let mut other = broker.v5("other");
    other.subscribe(&[("will", QOS0), ("news", QOS0)]);
    for (nth, version) in (1..).zip([Version::V5, Version::V311]) {
        let mut one = broker.client(&with_will(version));
        one.subscribe(&[("news", QOS1)]);
        one.publish(message("a/fault", "x"));
        // What was sent with it is lost with it.
        match version {
            Version::V5 => assert_eq!(one.disconnected(), R::UnspecifiedError),
            _ => one.closed(),
        }
        assert_eq!(other.got().payload, b"gone", "its will, as of a lost connection");
        eventually("it is counted", || ended(&broker) == nth);
        eventually("nothing is left", || {
            let stats = broker.handle.stats();
            stats.subscriptions == 2 && stats.stats.clients == 1
        });
        other.publish(message("news", "still here"));
        assert_eq!(other.got_text(), ("news".into(), "still here".into()));
    }
    let mut again = broker.v5("one");
    again.send(&Packet::Disconnect(Disconnect::new(R::NORMAL_DISCONNECTION)));
    again.closed();
    let mut one = broker.v5("one");
    one.send_subscribe(None, &[("good/#", QOS0), ("fault/#", QOS0)]);
    assert_eq!(one.disconnected(), R::UnspecifiedError);
    eventually("half of a SUBSCRIBE is not left either", || {
        broker.handle.stats().subscriptions == 2
    });
    other.ping();
}

#[test]
fn a_panic_while_somebody_logs_in_refuses_that_log_in_alone() {
    let broker = broker();
    let mut other = broker.v5("other");
    let mut one = broker.raw(Version::V5);
    one.send(&Packet::Connect(Box::new(connect(Version::V5, "fault"))));
    assert_eq!(one.refused(), R::UnspecifiedError);
    let mut one = broker.raw(Version::V311);
    one.send(&Packet::Connect(Box::new(connect(Version::V311, "fault"))));
    assert_eq!(one.refused(), R::ServerUnavailable);
    let mut asked = connect(Version::V5, "exchange");
    asked.properties.authentication_method = Some("ANY");
    let mut one = broker.raw(Version::V5);
    one.send(&Packet::Connect(Box::new(asked)));
    assert_eq!(one.refused(), R::UnspecifiedError);
    eventually("they are counted", || refused(&broker) == 3);
    other.ping();
    broker.v5("one");
}

/// Rows are judged in the midst of the batch for the log, which others share.
#[test]
fn a_panic_while_the_rights_of_a_row_are_asked_refuses_that_row_alone() {
    let deps = Deps {
        namespace: Some(namespace(&Arc::new(SimLog::new()))),
        authenticate: Box::new(Faulty),
        ..Deps::default()
    };
    let broker = Broker::over(deps, |config| config.cores = 1);
    let mut other = broker.v5("other");
    other.subscribe(&[("uns/v1/acme/+", QOS0)]);
    let mut one = broker.v5("one");
    let rows = r#"{"points":[{"path":"fault","value":1},{"path":"good","value":2}]}"#;
    one.publish(qos1("uns/v1/acme", rows, 1));
    one.next(|packet| match packet {
        Packet::Puback(ack) => {
            let user: Vec<_> = ack.properties.user.iter().collect();
            assert_eq!((ack.reason, user), (R::Success, vec![("uns-rejected", "1")]));
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(other.got_text().0, "uns/v1/acme/good");
    one.ping();
    assert_eq!(ended(&broker), 0);
}
