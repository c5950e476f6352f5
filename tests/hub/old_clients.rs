//! MQTT 3.1.1 clients, at QoS 0 and 1: their values are in `current` and history like any other.

use std::time::{Duration, Instant};

use crate::hub::{Hub, PATIENCE, Scratch};

#[test]
fn values_of_mqtt_3_1_1_clients_are_seen() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    for qos in ["0", "1"] {
        for n in ["1", "2", "3"] {
            let topic = format!("uns/v1/old/qos{qos}");
            hub.mosquitto_pub(&["-V", "mqttv311", "-t", &topic, "-m", n, "-q", qos]);
        }
    }
    let count = |hub: &Hub, qos: u32| {
        let current = hub.get(&format!("current?filter=uns/v1/old/qos{qos}"));
        let known = current["values"].as_array().is_some_and(|values| !values.is_empty());
        if known { hub.history(&format!("uns/v1/old/qos{qos}"), "").len() } else { 0 }
    };
    // Nobody waits for QoS 0: it is there a moment later.
    let deadline = Instant::now() + PATIENCE;
    while count(&hub, 0) < 3 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    for qos in 0..=1 {
        assert_eq!(count(&hub, qos), 3, "QoS {qos}");
    }
    hub.kill_nine();
    let hub = Hub::start(scratch.path());
    for qos in 0..=1 {
        assert_eq!(count(&hub, qos), 3, "QoS {qos} after kill -9");
        let current = hub.get(&format!("current?filter=uns/v1/old/qos{qos}"));
        assert_eq!(current["values"][0]["value"], 3);
    }
}
