//! R16: fifty clients want one client id at the same time, again and again: exactly one keeps it,
//! every other one's will is published once, nothing is left over. `UNS_SOAK=1` runs the long form.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use broker_codec::{Connect, PublishProperties, QoS, Version, Will};

use crate::client::{Client, connect};
use crate::hub::{Hub, PATIENCE, Scratch, soak};

const CLIENTS: usize = 50;

fn racer(version: Version) -> Connect<'static> {
    let will = Will {
        topic: "race/will",
        payload: b"gone",
        qos: QoS::AtLeastOnce,
        retain: false,
        delay_interval: None,
        properties: PublishProperties::default(),
    };
    Connect { will: Some(will), ..connect(version, "same") }
}

/// All of them connect at once; how many CONNACKs said yes, and the one that is left.
fn race(hub: &Hub) -> (usize, Client) {
    let start = Arc::new(Barrier::new(CLIENTS));
    let threads: Vec<_> = (0..CLIENTS)
        .map(|n| {
            let (start, mqtt) = (Arc::clone(&start), hub.mqtt);
            let version = [Version::V311, Version::V5][n % 2];
            thread::spawn(move || {
                start.wait();
                let mut client = Client::send_connect(mqtt, &racer(version));
                let welcome = client.next(|packet| match packet {
                    broker_codec::Packet::Connack(connack) => !connack.reason.is_error(),
                    other => panic!("{other:?} is no CONNACK"),
                });
                (client, welcome == Some(true))
            })
        })
        .collect();
    let racers: Vec<_> =
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
    let welcome = racers.iter().filter(|(_, welcome)| *welcome).count();
    let mut left = Vec::new();
    for (mut client, welcome) in racers {
        if !welcome {
            continue;
        }
        client.send(&broker_codec::Packet::Pingreq);
        // Whoever was taken over hears of it, and then that it is over.
        let alive = loop {
            match client.next(|packet| packet == broker_codec::Packet::Pingresp) {
                Some(true) => break true,
                Some(false) => {}
                None => break false,
            }
        };
        if alive {
            left.push(client);
        }
    }
    assert_eq!(left.len(), 1, "exactly one lives");
    (welcome, left.remove(0))
}

#[test]
fn exactly_one_of_fifty_keeps_the_client_id() {
    let rounds = if soak() { 1_000 } else { 20 };
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let (mut watcher, _) = Client::open(hub.mqtt, &connect(Version::V5, "watcher"));
    watcher.subscribe("race/will", QoS::AtLeastOnce);
    let mut before = 0;
    for round in 0..rounds {
        let (welcome, mut last) = race(&hub);
        last.ping();
        drop(last);
        for n in 0..welcome {
            assert!(watcher.payload().is_some(), "will {n} of {welcome} in round {round}");
        }
        if round == 5 {
            before = hub.descriptors();
        }
    }
    // No will came twice: the answer to a ping comes first.
    watcher.ping();
    let deadline = Instant::now() + PATIENCE;
    while hub.descriptors() > before + 2 {
        assert!(Instant::now() < deadline, "{before} descriptors became {}", hub.descriptors());
        thread::sleep(Duration::from_millis(20));
    }
    eprintln!("R16: {rounds} races of {CLIENTS}, one left each time, {before} descriptors");
}
