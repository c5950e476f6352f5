//! The sub-commands for people without MQTT tools, and the mistakes they meet.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::hub::{Hub, Scratch, run, uns};

#[test]
fn pub_get_history_and_sub_work_together() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let (mqtt, http) = (hub.mqtt_url(), format!("http://{}", hub.http));
    let mut sub = uns()
        .args(["sub", "uns/v1/#", "-n", "1", "--mqtt", &mqtt])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary under test starts");
    let mut line = String::new();
    // The subscription may come after the first publish: publish until it has one.
    let mut out = BufReader::new(sub.stdout.take().expect("piped"));
    let reader = std::thread::spawn(move || {
        out.read_line(&mut line).expect("a line");
        line
    });
    while !reader.is_finished() {
        assert!(run(&["pub", "uns/v1/acme/t", "23.40", "--mqtt", &mqtt]).status.success());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(reader.join().expect("no panic"), "uns/v1/acme/t 23.40\n");
    assert!(sub.wait().expect("it ends").success());
    let got = run(&["get", "uns/v1/acme/*", "--http", &http]);
    let got = String::from_utf8_lossy(&got.stdout);
    assert!(got.starts_with("uns/v1/acme/t  23.4  Good  20"), "{got}");
    let history = run(&["history", "uns/v1/acme/t", "--http", &http]);
    assert!(String::from_utf8_lossy(&history.stdout).contains("  23.4  Good"));
}

#[test]
fn refusals_name_the_place_and_the_remedy() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let (mqtt, http) = (hub.mqtt_url(), format!("http://{}", hub.http));
    let said = |args: &[&str]| {
        let output = run(args);
        assert!(!output.status.success(), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let bad_topic = said(&["pub", "uns/v1/acme//t", "1", "--mqtt", &mqtt]);
    assert!(bad_topic.contains("uns/v1/acme//t") && bad_topic.contains("empty"), "{bad_topic}");
    let unknown = said(&["history", "uns/v1/none", "--http", &http]);
    assert!(unknown.contains("uns/v1/none"), "{unknown}");
    let nobody = said(&["pub", "a", "1", "--mqtt", "mqtt://127.0.0.1:1"]);
    assert!(nobody.contains("no broker answers at mqtt://127.0.0.1:1"), "{nobody}");
    let data = scratch.path().join("x");
    let data = data.to_str().expect("UTF-8");
    let key = said(&["run", "--data", data, "--set", "mqtt.lisen=1"]);
    assert!(key.contains("mqtt.listen"), "{key}");
    let public = said(&["run", "--data", data, "--set", "http.listen=0.0.0.0:0"]);
    assert!(public.contains("http.listen") && public.contains("loopback"), "{public}");
}

#[test]
fn the_demo_makes_a_plant_alive() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let output = run(&["demo", "--for", "3s", "--seed", "7", "--mqtt", &hub.mqtt_url()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let current = hub.get("current?filter=uns/v1/acme/**");
    assert!(current["values"].as_array().expect("values").len() >= 15);
    assert!(hub.history("uns/v1/acme/dallas/utilities/energy/main/power", "").len() >= 3);
}
