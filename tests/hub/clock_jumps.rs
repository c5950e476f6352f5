//! R14: the machine's clock jumps forth and back: nobody is disconnected, nothing expires early, and
//! history neither loses nor reorders anything.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use broker_codec::{Packet, Publish, PublishProperties, QoS, ReasonCode, Version};

use crate::client::{Client, connect};
use crate::hub::{Hub, Scratch};
use crate::needs;

/// The library that lets a process see another time; `None` where it was named as absent.
pub(crate) fn library() -> Option<PathBuf> {
    let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"];
    let paths = folders.map(|folder| Path::new(folder).join("faketime/libfaketimeMT.so.1"));
    let found = paths.into_iter().find(|path| path.exists());
    if needs::have("faketime", found.is_some()) { found } else { None }
}

/// A hub whose clock is what a file says; monotonic time goes on as it does on a real machine.
pub(crate) fn start(scratch: &Path, library: &Path) -> Hub {
    fs::write(scratch.join("clock"), "+0\n").expect("a file");
    let file = scratch.join("clock").display().to_string();
    let preload = library.display().to_string();
    let environment = [
        ("LD_PRELOAD", preload.as_str()),
        ("FAKETIME_TIMESTAMP_FILE", &file),
        ("FAKETIME_NO_CACHE", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ];
    Hub::start_in(scratch, &environment)
}

fn kept(client: &mut Client) {
    client.send(&Packet::Publish(Publish {
        topic: "jump/kept",
        payload: b"x",
        qos: QoS::AtLeastOnce,
        packet_id: Some(broker_codec::PacketId::FIRST),
        retain: true,
        properties: PublishProperties {
            message_expiry: Some(3_000),
            ..PublishProperties::default()
        },
        ..Publish::default()
    }));
    let acknowledged = client.next(|packet| matches!(packet, Packet::Puback(_)));
    assert_eq!(acknowledged, Some(true));
}

#[test]
fn jumps_of_the_clock_disconnect_expire_and_reorder_nothing() {
    let Some(library) = library() else { return };
    let scratch = Scratch::new();
    let hub = start(scratch.path(), &library);
    let mut clients: Vec<_> = (0..20)
        .map(|n| {
            let id = format!("patient{n}");
            let asked = broker_codec::Connect { keep_alive: 60, ..connect(Version::V5, &id) };
            Client::open(hub.mqtt, &asked).0
        })
        .collect();
    let (mut sender, _) = Client::open(hub.mqtt, &connect(Version::V5, "sender"));
    kept(&mut sender);
    let mut number = 0;
    let mut publish = |sender: &mut Client| {
        for _ in 0..20 {
            number += 1;
            let answer =
                sender.publish_and_wait("uns/v1/jump/count", number.to_string().as_bytes());
            assert_eq!(answer, Some(ReasonCode::Success), "value {number}");
        }
    };
    publish(&mut sender);
    for (jump, word) in
        [(3_600, "+1 h"), (-3_600, "-1 h"), (315_360_000, "+10 y"), (-86_400, "-1 d")]
    {
        fs::write(scratch.path().join("clock"), format!("{jump:+}\n")).expect("a file");
        publish(&mut sender);
        clients.iter_mut().for_each(Client::ping);
        let (mut reader, _) = Client::open(hub.mqtt, &connect(Version::V5, "reader"));
        reader.subscribe("jump/kept", QoS::AtMostOnce);
        assert_eq!(reader.payload().as_deref(), Some(&b"x"[..]), "retained after {word}");
    }
    // Set back by hours the clock is behind, and values go on in order. Set back by ten years it was
    // wrong before, and what comes then has the time it shows.
    let everything = "&start=2000-01-01T00:00:00Z&end=2099-01-01T00:00:00Z";
    let samples = hub.history("uns/v1/jump/count", everything);
    let numbers = |samples: &[Value]| -> Vec<u64> {
        samples.iter().filter_map(|sample| sample["value"].as_u64()).collect()
    };
    let in_order = (81..=100).chain(1..=80).collect::<Vec<_>>();
    assert_eq!(numbers(&samples), in_order, "history is whole and in order");
    let year = |n: usize| samples[n]["timestamp"].as_str().and_then(|t| t.get(..4));
    assert_eq!(year(0), year(79), "the clock came back");
    assert_ne!(year(79), year(80), "ten years ahead is what it said");
    let newest = hub.history("uns/v1/jump/count", "");
    assert_eq!(numbers(&newest).last(), Some(&100), "the window that nobody chose has the newest");
    let current = hub.get("current?filter=uns/v1/jump/count").to_string();
    assert!(current.contains("100"), "{current}");
    let (_, readyz) = hub.fetch("/readyz");
    assert!(readyz.contains("clock_set_back") && readyz.contains("uns doctor"), "{readyz}");
    assert_eq!(hub.counted("uns_log_clock_steps_total"), 1);
    eprintln!("R14: 4 jumps, 20 clients stayed, 100 values in order");
}
