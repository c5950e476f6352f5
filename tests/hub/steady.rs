//! R19: hours of traffic with clients coming and going: memory and descriptors stay where they are.
//! In `make test` seconds of the same; `UNS_SOAK=1` runs eight hours, or as many as
//! `UNS_SOAK_HOURS` says.

use std::time::{Duration, Instant};

use broker_codec::{Packet, QoS, ReasonCode, Version};

use crate::client::{Client, connect};
use crate::hub::{Hub, Scratch, soak};

/// So many messages are in flight before their acknowledgements are read.
const BURST: u16 = 100;
/// Messages a second.
const RATE: u64 = 10_000;

/// One who publishes and one who receives it all.
struct Traffic {
    reader: Client,
    sender: Client,
    began: Instant,
    messages: u64,
    visitors: u64,
}

impl Traffic {
    fn start(hub: &Hub) -> Self {
        // Says nothing for hours, as MQTT 3.1.1 lets it.
        let (mut reader, _) = Client::open(hub.mqtt, &connect(Version::V311, "reader"));
        reader.subscribe("uns/v1/steady/#", QoS::AtMostOnce);
        let (sender, _) = Client::open(hub.mqtt, &connect(Version::V5, "sender"));
        Self { reader, sender, began: Instant::now(), messages: 0, visitors: 0 }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).expect("a test ends")
    }

    /// A burst, and who comes and goes meanwhile: ten a second.
    fn go_on(&mut self, hub: &Hub) {
        for id in 1..=BURST {
            let topic = format!("uns/v1/steady/tag{}", id % 20);
            self.sender.publish(&topic, (self.messages + u64::from(id)).to_string().as_bytes(), id);
        }
        for _ in 0..BURST {
            let taken = self.sender.next(|packet| match packet {
                Packet::Puback(ack) => ack.reason == ReasonCode::Success,
                _ => false,
            });
            assert_eq!(taken, Some(true));
            assert!(self.reader.payload().is_some());
        }
        self.messages += u64::from(BURST);
        while self.visitors * 100 < self.millis() {
            let id = format!("visitor{}", self.visitors);
            let (mut visitor, _) = Client::open(hub.mqtt, &connect(Version::V311, &id));
            visitor.subscribe(&format!("visited/{}/+", self.visitors), QoS::AtLeastOnce);
            self.visitors += 1;
        }
        if self.messages * 1_000 > RATE * self.millis() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Goes on until so long after the start; the most memory the hub had meanwhile. What waits to
    /// be written comes and goes, so that only peaks can be compared.
    fn peak_until(&mut self, hub: &Hub, end: Duration) -> u64 {
        let (mut peak, mut next) = (0, self.began.elapsed());
        while self.began.elapsed() < end {
            self.go_on(hub);
            if self.began.elapsed() >= next {
                peak = peak.max(hub.memory().0);
                next += Duration::from_millis(200);
            }
        }
        peak
    }
}

/// How long it warms up, and how long it runs in all.
fn times() -> (Duration, Duration) {
    if !soak() {
        return (Duration::from_secs(2), Duration::from_secs(6));
    }
    let hours = std::env::var("UNS_SOAK_HOURS").map_or(8.0, |text| text.parse().expect("hours"));
    let all = Duration::from_secs_f64(hours * 3_600.0);
    (Duration::from_secs(3_600).min(all / 4), all)
}

#[test]
fn memory_and_descriptors_stay_flat() {
    let (warm, all) = times();
    let scratch = Scratch::new();
    // Small windows, written often: what grows shows above them.
    let set = ["log.keep=10m", "log.memory=8MiB", "history.memory=8MiB", "history.flush_every=10s"];
    let hub = Hub::start_with(scratch.path(), &set);
    let mut traffic = Traffic::start(&hub);
    // Two parts of the same length, with the rest of the time between them.
    let part = (all - warm) / 4;
    traffic.peak_until(&hub, warm);
    let descriptors = hub.descriptors();
    let before = traffic.peak_until(&hub, warm + part);
    traffic.peak_until(&hub, all - part);
    let after = traffic.peak_until(&hub, all);
    let hours = (all - warm - part).as_secs_f64() / 3_600.0;
    let grown = i64::try_from(after).expect("fits") - i64::try_from(before).expect("fits");
    eprintln!(
        "R19: {} messages, {} visitors; a peak of {before} bytes became {after} within {hours:.3} h, \
         {descriptors} descriptors became {}",
        traffic.messages,
        traffic.visitors,
        hub.descriptors()
    );
    assert!(hub.descriptors() <= descriptors + 3, "descriptors grow");
    // Less than 1 MiB an hour; in a few seconds only a torrent would show.
    let most = if soak() { hours * 1_048_576.0 } else { f64::from(24 << 20) };
    #[expect(clippy::cast_precision_loss, reason = "bytes of a process are exact in a double")]
    let grown = grown as f64;
    assert!(grown < most, "memory grew by {grown} bytes");
}
