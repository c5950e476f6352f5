//! TRAP-22, TRAP-46: a second connection with the same client id takes over with 0x8E, on whatever
//! core it lands; client ids may hold any character.

use broker_codec::ReasonCode;

use crate::client::{Broker, QOS0, eventually, message};

#[test]
fn trap_46_strange_client_ids_twice_in_a_row() {
    let broker = Broker::start();
    for id in ["plain", "a/+#$", "ünïcode-\u{1F3ED}"] {
        let mut first = broker.v5(id);
        let mut second = broker.v5(id);
        assert_eq!(first.disconnected(), ReasonCode::SessionTakenOver);
        let mut third = broker.v5(id);
        assert_eq!(second.disconnected(), ReasonCode::SessionTakenOver);
        third.subscribe(&[("t", QOS0)]);
        third.publish(message("t", "x"));
        assert_eq!(third.got().payload, b"x");
    }
}

#[test]
fn a_race_leaves_exactly_one() {
    let broker = Broker::start();
    for _ in 0..20 {
        std::thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| {
                    let mut client = broker.raw(broker_codec::Version::V5);
                    let connect = crate::client::connect(broker_codec::Version::V5, "same");
                    client.send(&broker_codec::Packet::Connect(Box::new(connect)));
                    client.next(|_| ());
                });
            }
        });
        eventually("all sockets closed", || broker.handle.stats().stats.clients == 0);
    }
    let mut last = broker.v5("same");
    last.ping();
}
