//! Clients of MQTT 3.1.1 and 5.0 meet on one port, whoever wrote them (TRAP-01).

use crate::hub::{Hub, Scratch, peers};

#[test]
fn paho_and_mosquitto_of_both_versions_publish_to_each_other() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let port = hub.mqtt.port().to_string();
    let said = peers("versions_meet.py", &[&port]);
    assert!(said.contains("16 of 16 pairs met"), "{said}");
}
