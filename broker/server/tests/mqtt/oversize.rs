//! NS-32: a packet over the limit ends its connection as soon as its topic is known, and leaves a
//! dead letter that names client, topic, size and the setting.

use std::sync::Arc;

use broker_codec::{Publish, PublishProperties, ReasonCode as R, Version};
use broker_server::{DeadLetter, DeadLetters, Deps, OnStored, StoredDeadLetter};
use parking_lot::Mutex;

use crate::client::{Broker, Client, QOS0, message};

const MAX: usize = 10_000;

#[derive(Default)]
struct Letters(Mutex<Vec<String>>);

impl DeadLetters for Letters {
    fn store(&self, dead: &DeadLetter<'_>, on_stored: Option<OnStored>) -> StoredDeadLetter {
        let DeadLetter { client_id, topic, qos, reason, code, detail, .. } = dead;
        let line = format!("{client_id} {topic} q{qos} {reason} {:#x} {detail}", code.byte());
        self.0.lock().push(line.clone());
        assert!(on_stored.is_none(), "no answer waits for it");
        StoredDeadLetter { id: "1".into(), body: line.into() }
    }
}

fn broker(letters: &Arc<Letters>) -> Broker {
    let dead_letters = Some(Arc::clone(letters) as Arc<dyn DeadLetters>);
    Broker::over(Deps { dead_letters, ..Deps::default() }, |config| {
        config.engine.packet_bytes_max = MAX;
    })
}

/// How its connection ends.
fn ended(client: &mut Client, version: Version) {
    match version {
        Version::V5 => assert_eq!(client.disconnected(), R::PacketTooLarge),
        Version::V31 | Version::V311 => assert_eq!(client.rest(), b""),
    }
}

#[test]
fn a_large_publish_is_told_in_every_version() {
    let letters = Arc::new(Letters::default());
    let broker = broker(&letters);
    let mut watcher = broker.v5("watcher");
    watcher.subscribe(&[("$uns/dead/#", QOS0), ("#", QOS0)]);
    for version in Version::ALL {
        let mut device = broker.client(&crate::client::connect(version, "press7"));
        // 1.5 MB at QoS 1, of which no more than the topic arrives.
        device.bytes(b"\x32\xe0\xc6\x5b\0\x0cdevices/");
        std::thread::sleep(std::time::Duration::from_millis(20));
        device.bytes(b"list");
        ended(&mut device, version);
        let (topic, letter) = watcher.got_text();
        assert_eq!(topic, "$uns/dead/payload_too_large/devices/list");
        let size = 0x60 + (0x46 << 7) + (0x5b << 14) + 4;
        let expected = format!(
            "press7 devices/list q1 payload_too_large 0x95 a PUBLISH of {size} bytes exceeds \
             mqtt.packet_bytes_max, which is {MAX} bytes"
        );
        assert_eq!(letter, expected);
    }
    assert_eq!(letters.0.lock().len(), 3);
    let stats = broker.handle.stats().stats;
    assert_eq!((stats.oversize, stats.rejected), (3, 3));
}

/// Such a client writes all it has before it reads, and its link is slow. An attempt in which this
/// machine kept the client from writing for too long does not count.
#[test]
fn a_client_that_is_slow_to_send_its_large_packet_reads_why_afterwards() {
    use std::time::{Duration, Instant};
    let broker = broker(&Arc::new(Letters::default()));
    for _ in 0..20 {
        let mut device = broker.v5("press7");
        device.bytes(b"\x32\xe0\xc6\x5b\0\x0cdevices/list");
        let (began, mut last, mut held_up) = (Instant::now(), Instant::now(), false);
        while began.elapsed() < Duration::from_millis(4500) && !held_up {
            std::thread::sleep(Duration::from_millis(50));
            held_up = last.elapsed() > Duration::from_secs(1);
            last = Instant::now();
            device.bytes(b"a part of the list");
        }
        if !held_up {
            return ended(&mut device, Version::V5);
        }
    }
    panic!("this machine held up every attempt");
}

#[test]
fn the_largest_packet_there_may_be_and_one_byte_more() {
    let letters = Arc::new(Letters::default());
    let broker = broker(&letters);
    let mut client = broker.v5("c");
    client.subscribe(&[("a", QOS0)]);
    // Header 3, topic 3, no properties 1.
    let payload = "x".repeat(MAX - 7);
    client.publish(message("a", &payload));
    assert_eq!(client.got().payload.len(), payload.len());
    client.publish(message("a", &(payload + "x")));
    ended(&mut client, Version::V5);
    assert_eq!(letters.0.lock().len(), 1);
}

#[test]
fn an_alias_stands_for_its_topic_and_other_packets_have_none() {
    let letters = Arc::new(Letters::default());
    let broker = broker(&letters);
    let mut client = broker.v5("c");
    let properties = PublishProperties {
        topic_alias: std::num::NonZeroU16::new(3),
        ..PublishProperties::default()
    };
    client.publish(Publish { properties, ..message("aliased/topic", "1") });
    client.publish(Publish { properties, ..message("", &"x".repeat(MAX)) });
    ended(&mut client, Version::V5);
    let said = letters.0.lock().join("");
    assert!(said.starts_with("c aliased/topic q0 payload_too_large 0x95"), "{said}");
    // A SUBSCRIBE is no message, so there is no dead letter.
    let mut client = broker.v5("c");
    client.bytes(b"\x82\xe0\xc6\x5b\0\x01\0");
    ended(&mut client, Version::V5);
    assert_eq!(letters.0.lock().len(), 1);
}
