//! R9: one of eleven subscribers stops reading. The others notice nothing, memory is bounded, and what
//! it lost is counted. `UNS_SOAK=1` runs the long form.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use broker_codec::{Publish, QoS, Version};

use crate::client::{Client, connect};
use crate::hub::{Hub, Scratch, soak, within};

const TOPIC: &str = "slow/flood";
const SIZE: usize = 1_000;

/// Reads until told to stop, and answers how long each message was under way.
fn reader(
    mqtt: SocketAddr,
    n: usize,
    epoch: Instant,
    stop: Arc<AtomicBool>,
) -> JoinHandle<Vec<u64>> {
    let (mut client, _) = Client::open(mqtt, &connect(Version::V5, &format!("reader{n}")));
    client.subscribe(TOPIC, QoS::AtMostOnce);
    thread::spawn(move || {
        let mut delays = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let Some(payload) = client.payload() else { break };
            let sent = payload.split(|byte| *byte == b' ').next().unwrap_or_default();
            let sent: u64 = String::from_utf8_lossy(sent).parse().expect("a time");
            delays.push(micros(epoch).saturating_sub(sent));
        }
        delays
    })
}

fn micros(epoch: Instant) -> u64 {
    u64::try_from(epoch.elapsed().as_micros()).expect("a short test")
}

/// Publishes at a rate for a while.
fn publish(mqtt: SocketAddr, rate: u64, time: Duration, epoch: Instant) {
    let (mut client, _) = Client::open(mqtt, &connect(Version::V5, "publisher"));
    let began = Instant::now();
    let mut sent = 0;
    while began.elapsed() < time {
        let due = u64::try_from(began.elapsed().as_millis()).expect("short") * rate / 1000;
        while sent <= due {
            let payload = format!("{:<SIZE$}", micros(epoch));
            let message =
                Publish { topic: TOPIC, payload: payload.as_bytes(), ..Publish::default() };
            client.send(&broker_codec::Packet::Publish(message));
            sent += 1;
        }
        thread::sleep(Duration::from_millis(1));
    }
    client.ping();
}

/// The 99th percentile of ten readers' delays, and how many messages each got.
fn measure(hub: &Hub, rate: u64, time: Duration) -> (Duration, usize) {
    let (epoch, stop) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let readers: Vec<_> = (0..10).map(|n| reader(hub.mqtt, n, epoch, Arc::clone(&stop))).collect();
    publish(hub.mqtt, rate, time, epoch);
    thread::sleep(Duration::from_millis(200));
    stop.store(true, Ordering::Relaxed);
    // One more, so that each of them looks up.
    publish(hub.mqtt, 1_000, Duration::from_millis(5), epoch);
    let all: Vec<Vec<u64>> = readers.into_iter().map(|r| r.join().expect("no panic")).collect();
    let least = all.iter().map(Vec::len).min().expect("ten readers");
    let mut delays: Vec<_> = all.into_iter().flatten().collect();
    delays.sort_unstable();
    (Duration::from_micros(delays[delays.len() * 99 / 100]), least)
}

#[test]
fn one_stopped_subscriber_of_eleven_hurts_nobody() {
    let (rate, time) = if soak() { (50_000, 600) } else { (3_000, 2) };
    let time = Duration::from_secs(time);
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &["mqtt.outbound_bytes_max=2MiB"]);
    let (alone, all) = measure(&hub, rate, time.min(Duration::from_secs(20)));
    let before = hub.memory().0;
    let (mut stopped, _) = Client::open(hub.mqtt, &connect(Version::V5, "stopped"));
    stopped.subscribe(TOPIC, QoS::AtMostOnce);
    let (beside, got) = measure(&hub, rate, time);
    let after = hub.memory().0;
    let dropped = hub.counted("uns_mqtt_dropped_total");
    eprintln!(
        "R9: p99 {alone:?} became {beside:?}; {before} bytes became {after}; {dropped} dropped"
    );
    // Publishers wait for it once, 100 ms, which is much of a short run and nothing of a long one.
    let most = alone.mul_f64(1.2) + Duration::from_millis(5);
    assert!(beside < within(most), "{alone:?}, {beside:?}");
    assert!(after < before + (64 << 20), "{before} bytes became {after}");
    assert!(dropped > 0, "what the stopped one lost is counted");
    assert!(all > 0 && got > 0);
    drop(stopped);
}
