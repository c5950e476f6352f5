//! R19: hours of traffic with clients coming and going: memory and descriptors stay where they are.
//! In `make test` seconds of the same; `UNS_SOAK=1` runs eight hours.

use std::time::{Duration, Instant};

use broker_codec::{QoS, ReasonCode, Version};

use crate::client::{Client, connect};
use crate::hub::{Hub, Scratch, soak};

/// So many messages are in flight before their acknowledgements are read.
const BURST: u16 = 100;

#[test]
fn memory_and_descriptors_stay_flat() {
    let (warm, time) = if soak() { (3_600, 8 * 3_600) } else { (2, 6) };
    let (warm, time) = (Duration::from_secs(warm), Duration::from_secs(time));
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &["log.keep=10m"]);
    let (mut reader, _) = Client::open(hub.mqtt, &connect(Version::V5, "reader"));
    reader.subscribe("uns/v1/steady/#", QoS::AtMostOnce);
    let (mut sender, _) = Client::open(hub.mqtt, &connect(Version::V5, "sender"));
    let (began, mut messages, mut visitors) = (Instant::now(), 0_u64, 0_u64);
    let mut start = None;
    while began.elapsed() < time {
        for id in 1..=BURST {
            let topic = format!("uns/v1/steady/tag{}", id % 20);
            sender.publish(&topic, (messages + u64::from(id)).to_string().as_bytes(), id);
        }
        for _ in 0..BURST {
            let ok = |packet: broker_codec::Packet<'_>| match packet {
                broker_codec::Packet::Puback(ack) => ack.reason == ReasonCode::Success,
                _ => false,
            };
            assert_eq!(sender.next(ok), Some(true));
            assert!(reader.payload().is_some());
        }
        messages += u64::from(BURST);
        // Ten a second come and go.
        while u128::from(visitors) * 100 < began.elapsed().as_millis() {
            let (mut visitor, _) =
                Client::open(hub.mqtt, &connect(Version::V311, &format!("visitor{visitors}")));
            visitor.subscribe(&format!("visited/{visitors}/+"), QoS::AtLeastOnce);
            visitors += 1;
        }
        let rate =
            messages * 1_000 / u64::try_from(began.elapsed().as_millis().max(1)).expect("fits");
        if rate > 10_000 {
            std::thread::sleep(Duration::from_millis(10));
        }
        if start.is_none() && began.elapsed() >= warm {
            start = Some((hub.memory().0, hub.descriptors(), Instant::now()));
        }
    }
    let (before, descriptors, since) = start.expect("it ran longer than it warmed up");
    let after = hub.memory().0;
    let hours = since.elapsed().as_secs_f64() / 3600.0;
    let grown = i64::try_from(after).expect("fits") - i64::try_from(before).expect("fits");
    eprintln!(
        "R19: {messages} messages, {visitors} visitors; {before} bytes became {after} in {hours:.3} h, \
         {descriptors} descriptors became {}",
        hub.descriptors()
    );
    assert!(hub.descriptors() <= descriptors + 3, "descriptors grow");
    let most = if soak() { 7 << 20 } else { 24 << 20 };
    assert!(grown < most, "memory grew by {grown} bytes");
}
