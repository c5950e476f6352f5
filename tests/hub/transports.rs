//! MQTT in TLS and over WebSocket with clients of other people, and what stays refused there.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::hub::{Hub, PATIENCE, Scratch, certificate, curl, node_peers, npm, peers, within};

/// A hub with every listener there is.
fn start(scratch: &Scratch) -> Hub {
    let files = certificate(scratch.path());
    let mut set: Vec<_> = files.iter().map(String::as_str).collect();
    set.extend([
        "mqtt.tls.listen=127.0.0.1:0",
        "mqtt.websocket.listen=127.0.0.1:0",
        "mqtt.websocket_tls.listen=127.0.0.1:0",
    ]);
    Hub::start_with(scratch.path(), &set)
}

fn await_metric(hub: &Hub, line: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !hub.fetch("/metrics").1.lines().any(|metric| metric == line) {
        assert!(Instant::now() < deadline, "{line} in {}", hub.fetch("/metrics").1);
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn paho_mqtt_js_and_mosquitto_over_every_transport() {
    let scratch = Scratch::new();
    let mut hub = start(&scratch);
    let ca = scratch.path().join("certificate.pem").display().to_string();
    let address = |key: &str| hub.address(key).to_string();
    peers("transports.py", &["ws", &address("http")]);
    peers("transports.py", &["ws", &address("mqtt_websocket")]);
    peers("transports.py", &["wss", &address("mqtt_websocket_tls"), "/mqtt", &ca]);
    peers("transports.py", &["mqtts", &address("mqtt_tls"), "", &ca]);
    for (scheme, key) in [("mqtt", "mqtt"), ("ws", "http"), ("ws", "mqtt_websocket")] {
        let path = if scheme == "ws" { "/mqtt" } else { "" };
        node_peers("transports.cjs", &[&format!("{scheme}://{}{path}", address(key))]);
    }
    // What mqtt.js adds over TLS is counted below.
    let (tls, websocket, websocket_tls) = if npm().is_some() { (5, 8, 4) } else { (3, 4, 2) };
    let named = |key: &str| format!("localhost:{}", hub.address(key).port());
    node_peers("transports.cjs", &[&format!("mqtts://{}", named("mqtt_tls")), &ca]);
    let secure = format!("wss://{}/mqtt", named("mqtt_websocket_tls"));
    node_peers("transports.cjs", &[&secure, &ca]);
    let output = Command::new("mosquitto_pub")
        .args(["-h", "localhost", "-p", &hub.address("mqtt_tls").port().to_string()])
        .args(["--cafile", &ca, "-q", "1", "-t", "uns/v1/transports/mosquitto", "-m", "7"])
        .output()
        .expect("mosquitto_pub is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let current = hub.get("current?filter=uns/v1/transports/mosquitto");
    assert_eq!(current["values"][0]["value"], 7);
    let counts = [("tls", tls), ("websocket", websocket), ("websocket_tls", websocket_tls)];
    for (transport, count) in counts {
        let name = "uns_mqtt_connections_total";
        await_metric(&hub, &format!("{name}{{transport=\"{transport}\"}} {count}"));
    }
    assert!(hub.stop() < within(Duration::from_secs(5)));
}

#[test]
fn pages_of_other_origins_do_not_get_in() {
    let scratch = Scratch::new();
    let hub = start(&scratch);
    let upgrade = [
        "-H",
        "Connection: Upgrade",
        "-H",
        "Upgrade: websocket",
        "-H",
        "Sec-WebSocket-Version: 13",
        "-H",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    let status = |key: &str, more: &[&str]| {
        let url = format!("http://{}/mqtt", hub.address(key));
        let base = ["-s", "-m", "5", "-w", "\n%{http_code}"];
        curl(&[&base[..], &upgrade, more, &[&url]].concat()).0
    };
    let mqtt = ["-H", "Sec-WebSocket-Protocol: mqtt"];
    for key in ["http", "mqtt_websocket"] {
        for wrong in ["Origin: http://evil.example", "Origin: null", "Host: evil.example"] {
            assert_eq!(status(key, &[&mqtt[..], &["-H", wrong]].concat()), 403, "{key} {wrong}");
        }
        let rebound = ["-H", "Host: evil.example", "-H", "Origin: http://evil.example"];
        assert_eq!(status(key, &[&mqtt[..], &rebound].concat()), 403, "{key}");
        let other = ["-H", "Sec-WebSocket-Protocol: chat"];
        assert_eq!(status(key, &other), 400, "{key} with another sub-protocol");
    }
    assert_eq!(hub.fetch("/mqtt").0, 400, "no upgrade");
    // Whoever is behind a proxy is not on this machine, here and everywhere.
    let forwarded = [&mqtt[..], &["-H", "X-Forwarded-For: 192.0.2.7"]].concat();
    assert_eq!(status("mqtt_websocket", &forwarded), 403);
    assert_eq!(status("http", &mqtt), 403, "anonymous access has ended");
}

#[test]
fn a_hangup_reads_the_certificate_again() {
    let scratch = Scratch::new();
    let hub = start(&scratch);
    let ca = || fs::read_to_string(scratch.path().join("certificate.pem")).expect("a file");
    let old = scratch.path().join("old.pem");
    fs::write(&old, ca()).expect("a file");
    certificate(scratch.path());
    let done = Command::new("kill").args(["-HUP", &hub.pid().to_string()]).status();
    assert!(done.expect("kill runs").success());
    await_metric(&hub, "uns_mqtt_tls_reloads_total{outcome=\"serving\"} 1");
    let publish = |ca: &Path| {
        let output = Command::new("mosquitto_pub")
            .args(["-h", "localhost", "-p", &hub.address("mqtt_tls").port().to_string()])
            .args(["-t", "uns/v1/a", "-m", "1", "-q", "1", "--cafile"])
            .arg(ca)
            .output();
        output.expect("mosquitto_pub is installed").status.success()
    };
    assert!(publish(&scratch.path().join("certificate.pem")));
    assert!(!publish(&old));
}
