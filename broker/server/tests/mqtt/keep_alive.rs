//! TRAP-26, TRAP-27: keep alive 0 is accepted; the deadline runs from the last packet received,
//! whatever is sent to the client.

use std::time::{Duration, Instant};

use broker_codec::{Connect, Packet, ReasonCode, Version};

use crate::client::{Broker, PATIENCE, QOS0, connect, message};

#[test]
fn trap_27_outgoing_traffic_does_not_extend_it() {
    let broker = Broker::start();
    let start = Instant::now();
    let mut silent = broker.client(&Connect { keep_alive: 2, ..connect(Version::V5, "silent") });
    silent.subscribe(&[("t", QOS0)]);
    let mut sender = broker.v5("s");
    let reason = loop {
        sender.publish(message("t", "x"));
        let reason = silent.next(|packet| match packet {
            Packet::Disconnect(disconnect) => Some(disconnect.reason),
            _ => None,
        });
        if let Some(reason) = reason {
            break reason;
        }
        std::thread::sleep(Duration::from_millis(50));
        assert!(start.elapsed() < PATIENCE);
    };
    assert_eq!(reason, ReasonCode::KeepAliveTimeout);
    assert!(start.elapsed() >= Duration::from_millis(3_000));
    sender.ping();
}

#[test]
fn a_longer_wish_gets_the_servers() {
    let broker = Broker::with(|config| config.engine.keep_alive_max = 60);
    for (wish, granted) in [(0, Some(60)), (30, None), (600, Some(60))] {
        let mut client = broker.raw(Version::V5);
        let connect = Connect { keep_alive: wish, ..connect(Version::V5, "c") };
        client.send(&Packet::Connect(Box::new(connect)));
        client.next(|packet| match packet {
            Packet::Connack(connack) => assert_eq!(connack.properties.server_keep_alive, granted),
            other => panic!("{other:?}"),
        });
    }
}

/// MQTT 3.1.1 has no way to tell it, so what the client asked for stands.
#[test]
fn trap_26_a_longer_wish_of_311_stands() {
    let broker = Broker::with(|config| config.engine.keep_alive_max = 1);
    let wish = |keep_alive| Connect { keep_alive, ..connect(Version::V311, "c") };
    for keep_alive in [0, 60] {
        let mut client = broker.client(&wish(keep_alive));
        client.subscribe(&[("t", QOS0)]);
        std::thread::sleep(Duration::from_millis(2_000));
        broker.v5("s").publish(message("t", "x"));
        assert_eq!(client.got().payload, b"x", "keep alive {keep_alive}");
    }
}
