//! NS-32 from outside: a device list of 1.5 MB at QoS 1 passes with the default settings, also to a
//! session that is away; one of 5 MB is told in the log and as a dead letter instead of jamming its
//! client without a word.

use std::fs;
use std::time::{Duration, Instant};

use broker_codec::{QoS, Version};

use crate::client::{Client, connect, session};
use crate::hub::{Hub, Scratch};

#[test]
fn a_device_list_of_a_megabyte_and_a_half_passes() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    let away = session(Version::V311, "away");
    let mut client = Client::open(hub.mqtt, &away).0;
    client.subscribe("zigbee/#", QoS::AtLeastOnce);
    drop(client);
    let mut live = Client::open(hub.mqtt, &connect(Version::V5, "live")).0;
    live.subscribe("zigbee/#", QoS::AtMostOnce);
    let device = r#"{"ieee_address":"0x00158d0001","friendly_name":"press"},"#;
    let list = format!("[{}{{}}]", device.repeat(1_500_000 / device.len()));
    let file = scratch.path().join("list.json");
    fs::write(&file, &list).expect("a file");
    let file = file.to_str().expect("UTF-8");
    hub.mosquitto_pub(&["-t", "zigbee/bridge/devices", "-q", "1", "-r", "-f", file]);
    assert_eq!(live.payload().as_deref(), Some(list.as_bytes()));
    hub.kill_nine();
    let hub = Hub::start(scratch.path());
    let (mut client, present) = Client::open(hub.mqtt, &away);
    assert!(present);
    assert_eq!(client.payload().as_deref(), Some(list.as_bytes()));
    let mut late = Client::open(hub.mqtt, &connect(Version::V5, "late")).0;
    late.subscribe("zigbee/#", QoS::AtMostOnce);
    assert_eq!(late.payload().as_deref(), Some(list.as_bytes()), "retained");
}

#[test]
fn a_packet_over_the_limit_leaves_a_line_and_a_dead_letter() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    // A client of MQTT 3.1.1 knows no limit: it connects and sends its list again and again.
    for _ in 0..2 {
        let mut client = Client::open(hub.mqtt, &connect(Version::V311, "press7")).0;
        client.publish("zigbee/bridge/devices", &[b'x'; 5 << 20], 1);
        assert_eq!(client.next(|packet| packet.packet_type()), None, "it is closed");
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    let letters = loop {
        let letters = hub.get("dead-letters")["letters"].as_array().cloned().unwrap_or_default();
        if letters.len() >= 2 || Instant::now() > deadline {
            break letters;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(letters.len(), 2, "{}", hub.log());
    let letter = &letters[0];
    assert_eq!(letter["topic"], "zigbee/bridge/devices");
    assert_eq!(letter["clientId"], "press7");
    assert_eq!(
        (&letter["reason"], &letter["mqttReason"]),
        (&"payload_too_large".into(), &149.into())
    );
    let detail = letter["detail"].as_str().expect("words");
    assert!(detail.contains("5242") && detail.contains("mqtt.packet_bytes_max"), "{detail}");
    let log = hub.log();
    let told: Vec<_> = log.lines().filter(|line| line.contains("mqtt.packet_bytes_max")).collect();
    assert_eq!(told.len(), 1, "once a minute and client: {log}");
    for word in ["press7", "zigbee/bridge/devices", "5242"] {
        assert!(told[0].contains(word), "{word}: {}", told[0]);
    }
}
