//! A client nobody here wrote, in both versions: connects, subscribes, publishes, hears itself.

use crate::client::Broker;

#[test]
fn version_3_1_1() {
    use rumqttc::{Client, Event, MqttOptions, Packet, QoS};
    let broker = Broker::start();
    let options = MqttOptions::new("three", broker.address.ip().to_string(), broker.address.port());
    let (client, mut connection) = Client::new(options, 10);
    client.subscribe("a/+", QoS::AtLeastOnce).expect("queued");
    client.publish("a/b", QoS::AtLeastOnce, false, "x").expect("queued");
    let (mut acked, mut heard) = (false, false);
    while !(acked && heard) {
        let event = connection.recv_timeout(crate::client::PATIENCE).expect("in time");
        match event.expect("connected") {
            Event::Incoming(Packet::PubAck(_)) => acked = true,
            Event::Incoming(Packet::Publish(publish)) => {
                assert_eq!((&*publish.topic, &*publish.payload), ("a/b", &b"x"[..]));
                heard = true;
            }
            _ => {}
        }
    }
}

#[test]
fn version_5() {
    use rumqttc::v5::mqttbytes::QoS;
    use rumqttc::v5::mqttbytes::v5::Packet;
    use rumqttc::v5::{Client, Event, MqttOptions};
    let broker = Broker::start();
    let options = MqttOptions::new("five", broker.address.ip().to_string(), broker.address.port());
    let (client, mut connection) = Client::new(options, 10);
    client.subscribe("a/#", QoS::AtLeastOnce).expect("queued");
    client.publish("a/b", QoS::AtLeastOnce, true, "x").expect("queued");
    let (mut acked, mut heard) = (false, false);
    while !(acked && heard) {
        let event = connection.recv_timeout(crate::client::PATIENCE).expect("in time");
        match event.expect("connected") {
            Event::Incoming(Packet::PubAck(_)) => acked = true,
            Event::Incoming(Packet::Publish(publish)) => {
                assert_eq!((&*publish.topic, &*publish.payload), (&b"a/b"[..], &b"x"[..]));
                heard = true;
            }
            _ => {}
        }
    }
}
