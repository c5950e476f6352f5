//! TRAP-31, TRAP-33, TRAP-34: publishes from inside the process pass like others; shutdown says 0x8B;
//! figures are true.

use std::time::Duration;

use broker_codec::ReasonCode;
use broker_server::{Error, InProcess};
use uns_model::OrgId;

use crate::client::{Broker, QOS0, message};

fn publish(topic: &str, retain: bool) -> InProcess {
    InProcess {
        org: OrgId::DEFAULT,
        topic: topic.into(),
        payload: "inside".into(),
        qos: 1,
        retain,
        client_id: "hub".into(),
        ..InProcess::default()
    }
}

#[test]
fn trap_32_publishes_from_inside() {
    let broker = Broker::start();
    let mut client = broker.v5("c");
    client.subscribe(&[("a/#", QOS0)]);
    for n in 0..100 {
        let outcome = broker.block_on(broker.handle.publish(publish(&format!("a/{n}"), n == 99)));
        assert_eq!(outcome.expect("plain MQTT"), None);
        assert_eq!(client.got().topic, format!("a/{n}"));
    }
    for topic in ["$SYS/x", "a/+", ""] {
        let outcome = broker.block_on(broker.handle.publish(publish(topic, false)));
        assert!(matches!(outcome, Err(Error::Rejected(_))), "{topic}: {outcome:?}");
    }
    let mut late = broker.v5("late");
    late.subscribe(&[("a/#", QOS0)]);
    assert_eq!(late.got_text(), ("a/99".into(), "inside".into()));
}

#[test]
fn trap_33_shutdown_says_so() {
    let mut broker = Broker::start();
    let mut clients: Vec<_> = (0..20).map(|n| broker.v5(&format!("c{n}"))).collect();
    let readers: Vec<_> = clients
        .drain(..)
        .map(|mut client| std::thread::spawn(move || client.disconnected()))
        .collect();
    broker.shutdown();
    for reader in readers {
        assert_eq!(reader.join().unwrap(), ReasonCode::ServerShuttingDown);
    }
    let outcome = broker.block_on(broker.handle.publish(publish("a", false)));
    assert!(matches!(outcome, Err(Error::ShuttingDown)));
}

#[test]
fn trap_34_figures_are_true() {
    let broker = Broker::start();
    let mut client = broker.v5("c");
    client.subscribe(&[("a", QOS0), ("b", QOS0)]);
    for _ in 0..10 {
        client.publish(message("a", "x"));
        client.got();
    }
    std::thread::sleep(Duration::from_millis(50));
    let stats = broker.handle.stats();
    assert_eq!((stats.stats.clients, stats.sockets, stats.subscriptions), (1, 1, 2));
    assert_eq!((stats.stats.messages_in, stats.stats.messages_out), (10, 10));
    assert!(stats.stats.bytes_in > 60 && stats.stats.bytes_out > 60);
    drop(client);
    crate::client::eventually("the client to be gone", || {
        let stats = broker.handle.stats();
        (stats.stats.clients, stats.sockets, stats.subscriptions) == (0, 0, 0)
    });
}
