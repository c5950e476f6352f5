//! TRAP-06: DISCONNECT 0x04 publishes the will, 0x00 discards it; a lost socket and a takeover
//! publish it.

use broker_codec::{
    Connect, Disconnect, Packet, PublishProperties, QoS, ReasonCode, Version, Will,
};

use crate::client::{Broker, QOS1, connect};

fn with_will(version: Version, id: &str) -> Connect<'_> {
    Connect {
        will: Some(Will {
            topic: "will",
            payload: b"gone",
            qos: QoS::AtLeastOnce,
            retain: false,
            delay_interval: None,
            properties: PublishProperties::default(),
        }),
        ..connect(version, id)
    }
}

#[test]
fn trap_06_how_wills_end() {
    for version in [Version::V311, Version::V5] {
        let broker = Broker::start();
        let mut watcher = broker.v5("watcher");
        watcher.subscribe(&[("will", QOS1)]);
        let mut polite = broker.client(&with_will(version, "polite"));
        polite.send(&Packet::Disconnect(Disconnect::new(ReasonCode::NORMAL_DISCONNECTION)));
        polite.closed();
        watcher.ping();
        drop(broker.client(&with_will(version, "lost")));
        assert_eq!(watcher.got().payload, b"gone");
        let mut old = broker.client(&with_will(version, "twice"));
        let _new = broker.client(&connect(version, "twice"));
        assert_eq!(watcher.got().payload, b"gone");
        if version == Version::V5 {
            assert_eq!(old.disconnected(), ReasonCode::SessionTakenOver);
            let mut last = broker.client(&with_will(version, "last"));
            let with_will = Disconnect::new(ReasonCode::DisconnectWithWillMessage);
            last.send(&Packet::Disconnect(with_will));
            assert_eq!(watcher.got().payload, b"gone");
        }
    }
}
