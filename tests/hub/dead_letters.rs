//! NS-33 from outside: what the hub refuses is on `$uns/dead/…`, on the metrics and, after kill -9
//! too, in the list over HTTP, each under the same name.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use broker_codec::{PacketType, Version};
use serde_json::Value;

use crate::client::{Client, connect};
use crate::hub::{Hub, PATIENCE, Scratch};

#[test]
fn what_is_refused_is_told_counted_and_kept() {
    let scratch = Scratch::new();
    let mut hub = Hub::start_with(scratch.path(), &["mqtt.limits.organisation_retained=1"]);
    let port = hub.mqtt.port().to_string();
    let watcher = Command::new("mosquitto_sub")
        .args(["-h", "127.0.0.1", "-p", &port, "-t", "$uns/dead/#", "-F", "%t %p"])
        .args(["-C", "3", "-W", "60"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("mosquitto_sub is installed");
    let begin = Instant::now();
    while !hub.fetch("/metrics").1.contains("uns_mqtt_subscriptions 1") {
        assert!(begin.elapsed() < PATIENCE, "it never subscribes");
        std::thread::sleep(Duration::from_millis(20));
    }
    hub.mosquitto_pub(&["-t", "uns/v1/acme//speed", "-m", "1"]);
    hub.mosquitto_pub(&["-t", "plant/a", "-m", "kept", "-r"]);
    // It counts once it is retained, which whoever subscribes waits for.
    let mut retained = Command::new("mosquitto_sub");
    retained.args(["-h", "127.0.0.1", "-p", &port, "-t", "plant/a", "-C", "1", "-W", "60"]);
    let retained = retained.output().expect("mosquitto_sub is installed");
    assert_eq!(retained.stdout, b"kept\n");
    hub.mosquitto_pub(&["-t", "plant/b", "-m", "too many", "-r"]);
    let (status, _) =
        hub.post("publish", r#"{"topic":"uns/v1/acme/x","payloadText":"{\"a\":1,\"a\":2}"}"#);
    assert_eq!(status, 400);
    let said = watcher.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let expected = [
        ("topic_invalid", "uns/v1/acme//speed", 144),
        ("quota_exceeded", "plant/b", 151),
        ("payload_malformed", "uns/v1/acme/x", 153),
    ];
    let mut letters = Vec::new();
    for (line, (reason, topic, code)) in said.lines().zip(expected) {
        let body = line.strip_prefix(&format!("$uns/dead/{reason}/{topic} "));
        let body: Value = serde_json::from_str(body.expect(line)).expect("JSON");
        assert_eq!(body["reason"], reason);
        assert_eq!(body["topic"], topic);
        assert_eq!(body["mqttReason"], code);
        letters.push(body);
    }
    assert_eq!(letters.len(), 3, "{said}");
    let (_, metrics) = hub.fetch("/metrics");
    for (reason, ..) in expected {
        let line = format!("uns_rejected_total{{reason=\"{reason}\"}} 1");
        assert!(metrics.contains(&line), "{line}");
    }
    // Nobody waits for the commit of a dead letter of QoS 0; the list shows what is committed.
    while hub.get("dead-letters")["letters"].as_array().map_or(0, Vec::len) < letters.len() {
        assert!(begin.elapsed() < PATIENCE, "they are never kept");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(hub.get("dead-letters")["letters"], Value::from(letters.clone()));
    hub.kill_nine();
    let hub = Hub::start(scratch.path());
    let page = hub.get("dead-letters?limit=2");
    assert_eq!(page["letters"], Value::from(&letters[..2]));
    let next = page["next"].as_str().expect("a second page");
    let page = hub.get(&format!("dead-letters?after={next}"));
    assert_eq!(page["letters"], Value::from(&letters[2..]));
    assert_eq!(page["next"], Value::Null);
}

#[test]
fn what_3_1_1_is_not_told_is_on_disk_when_it_is_acknowledged() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    let mut client = Client::open(hub.mqtt, &connect(Version::V311, "press7")).0;
    for n in 0..200_u32 {
        let payload = format!("{{\"a\":{n},\"a\":{n}}}");
        client.publish("uns/v1/acme/press7", payload.as_bytes(), 1);
        let answer = client.next(|packet| packet.packet_type());
        assert_eq!(answer, Some(PacketType::Puback));
    }
    hub.kill_nine();
    let log = hub.log();
    let told: Vec<_> = log.lines().filter(|line| line.contains("cannot be told")).collect();
    assert!((1..10).contains(&told.len()), "once a minute, client and reason: {log}");
    for word in ["press7", "uns/v1/acme/press7", "payload_malformed", "correct what"] {
        assert!(told[0].contains(word), "{word}: {}", told[0]);
    }
    let hub = Hub::start(scratch.path());
    let letters = hub.get("dead-letters?limit=1000")["letters"].as_array().map_or(0, Vec::len);
    assert_eq!(letters, 200, "what was acknowledged is described, whatever crashes");
}
