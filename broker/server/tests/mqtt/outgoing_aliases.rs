//! TRAP-14, towards the client: an alias stands for a concrete topic, never for a filter; it is only
//! used by those who asked for it, and never beyond their Topic Alias Maximum.

use std::collections::HashMap;

use broker_codec::{Connect, ConnectProperties, Packet, Version};

use crate::client::{Broker, Client, QOS0, QOS1, connect, message, qos1};

/// A client that takes so many aliases, and what they stand for.
struct Reader {
    client: Client,
    maximum: u16,
    known: HashMap<u16, String>,
    /// How often the topic itself was left out.
    saved: usize,
}

impl Reader {
    fn new(broker: &Broker, id: &str, maximum: u16) -> Self {
        let properties = ConnectProperties {
            topic_alias_maximum: Some(maximum),
            ..ConnectProperties::default()
        };
        let client = broker.client(&Connect { properties, ..connect(Version::V5, id) });
        Self { client, maximum, known: HashMap::new(), saved: 0 }
    }

    fn got(&mut self) -> (String, String) {
        let (topic, alias, payload, id) = self.client.next(|packet| match packet {
            Packet::Publish(publish) => (
                publish.topic.to_owned(),
                publish.properties.topic_alias.map_or(0, |alias| alias.get()),
                String::from_utf8(publish.payload.to_vec()).expect("text"),
                publish.packet_id,
            ),
            other => panic!("{other:?} is no PUBLISH"),
        });
        if let Some(id) = id {
            self.client.send(&Packet::Puback(broker_codec::Ack::new(id)));
        }
        assert!(alias <= self.maximum, "{alias}");
        let topic = match topic.as_str() {
            "" => {
                self.saved += 1;
                self.known.get(&alias).expect("an alias that was introduced").clone()
            }
            _ => topic,
        };
        if alias > 0 {
            self.known.insert(alias, topic.clone());
        }
        (topic, payload)
    }
}

#[test]
fn trap_14_every_message_names_its_own_topic() {
    let broker = Broker::start();
    let mut plain = broker.v5("plain");
    let mut old = broker.v3("old");
    let mut few = Reader::new(&broker, "few", 2);
    let mut many = Reader::new(&broker, "many", 10);
    for client in [&mut plain, &mut old, &mut few.client, &mut many.client] {
        client.subscribe(&[("plant/+", QOS1)]);
    }
    few.client.subscribe_as(Some(7), &[("plant/3", QOS0)]);
    let mut sender = broker.v5("s");
    let topics: Vec<String> = (0..200).map(|n| format!("plant/{}", n * n % 7)).collect();
    for (n, topic) in (1..).zip(&topics) {
        let payload = n.to_string();
        if n % 3 == 0 {
            sender.publish(qos1(topic, &payload, n));
            sender.puback();
        } else {
            sender.publish(message(topic, &payload));
        }
    }
    for (n, topic) in (1..).zip(&topics) {
        let expected = (topic.clone(), format!("{n}"));
        assert_eq!(few.got(), expected);
        assert_eq!(many.got(), expected);
        for client in [&mut plain, &mut old] {
            let got = client.got();
            assert_eq!((got.topic, got.payload), (topic.clone(), expected.1.clone().into()));
            if let Some(id) = got.id {
                client.send(&Packet::Puback(broker_codec::Ack::new(id)));
            }
        }
    }
    // There are four topics, so a client that takes four aliases hears of each once.
    assert_eq!(many.saved, 196);
    // Four topics take turns at two aliases; how often one is spared depends on how they hash.
    assert!(few.saved > 0);
}

#[test]
fn trap_14_queued_messages_are_named_as_they_are_sent() {
    let broker = Broker::with(|config| config.engine.inflight_max = 1);
    let mut reader = Reader::new(&broker, "r", 1);
    reader.client.subscribe(&[("plant/+", QOS1)]);
    let mut sender = broker.v5("s");
    for n in 1..=20 {
        sender.publish(qos1(&format!("plant/{n}"), "x", n));
        sender.puback();
        sender.publish(qos1("plant/1", "x", n));
        sender.puback();
    }
    for n in 1..=20 {
        assert_eq!(reader.got().0, format!("plant/{n}"));
        assert_eq!(reader.got().0, "plant/1");
    }
}
