//! A session that outlives its connection outlives the hub as well: subscriptions, what is owed,
//! and QoS 2 identifiers are there after kill -9, and after an orderly stop (TRAP-08, TRAP-12).

use std::process::{Command, Output, Stdio};

use crate::hub::{Hub, Scratch};

/// One connection of a session with `mosquitto_sub`, until `count` messages came or a second passed.
pub(crate) fn visit(hub: &Hub, version: &str, count: u32) -> String {
    let mut args: Vec<String> = vec!["-h".into(), "127.0.0.1".into()];
    args.extend(["-p".into(), hub.mqtt.port().to_string(), "-V".into(), version.into()]);
    args.extend(["-i", "visitor", "-c", "-q", "2", "-t", "#", "-v", "-W", "2"].map(String::from));
    if version == "5" {
        args.extend(["-x", "600"].map(String::from));
    }
    if count > 0 {
        args.extend(["-C".into(), count.to_string()]);
    } else {
        args.push("-E".into());
    }
    let got: Output = Command::new("mosquitto_sub")
        .args(args)
        .stderr(Stdio::null())
        .output()
        .expect("mosquitto_sub is installed");
    String::from_utf8_lossy(&got.stdout).into_owned()
}

#[test]
fn trap_12_subscriptions_and_queues_survive_kill_nine() {
    for version in ["311", "5"] {
        let scratch = Scratch::new();
        let mut hub = Hub::start(scratch.path());
        assert_eq!(visit(&hub, version, 0), "");
        for n in 0..10 {
            publish(&hub, n);
        }
        hub.kill_nine();
        let mut hub = Hub::start(scratch.path());
        for n in 10..20 {
            publish(&hub, n);
        }
        hub.stop();
        let mut hub = Hub::start(scratch.path());
        let got = visit(&hub, version, 20);
        // The client shows QoS 2 when it is released, so each QoS is in an order of its own.
        for qos in [1, 2] {
            let sent = (0..20).filter(|n| 1 + n % 2 == qos);
            let sent: Vec<_> = sent.map(|n| format!("{} {n}", topic(n))).collect();
            let got: Vec<_> = got.lines().filter(|line| sent.iter().any(|s| s == line)).collect();
            assert_eq!(got, sent);
        }
        assert_eq!(got.lines().count(), 20, "{got}");
        hub.kill_nine();
        let hub = Hub::start(scratch.path());
        assert_eq!(visit(&hub, version, 1), "", "nothing is delivered twice");
    }
}

/// A node, a command, and brownfield by turns: whether it has a node makes no difference.
fn topic(n: u32) -> String {
    match n % 3 {
        0 => "uns/v1/acme/berlin/temperature".into(),
        1 => "uns/v1/acme/berlin/press/_cmd/start".into(),
        _ => format!("Plant A/tag {n}"),
    }
}

fn publish(hub: &Hub, n: u32) {
    let (qos, payload) = ((1 + n % 2).to_string(), n.to_string());
    hub.mosquitto_pub(&["-t", &topic(n), "-m", &payload, "-q", &qos]);
}
