//! The sub-commands for people without MQTT tools, and the mistakes they meet.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::hub::{Hub, PATIENCE, Scratch, run, uns};

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

/// Publishes a value until the other side has heard it.
fn heard(mqtt: &str, value: &str, lines: &std::sync::mpsc::Receiver<String>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(run(&["pub", "uns/v1/acme/t", value, "--mqtt", mqtt]).status.success());
        let line = lines.recv_timeout(Duration::from_millis(100));
        if line.is_ok_and(|line| line == format!("uns/v1/acme/t {value}")) {
            return;
        }
        assert!(Instant::now() < deadline, "{value} is not heard");
    }
}

#[test]
fn sub_finds_its_hub_again_and_says_so() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    let mqtt = hub.mqtt_url();
    let said = scratch.path().join("said");
    let mut sub = uns()
        .args(["sub", "uns/v1/#", "--mqtt", &mqtt])
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&said).expect("a file"))
        .spawn()
        .expect("the binary under test starts");
    let out = BufReader::new(sub.stdout.take().expect("piped"));
    let (send, lines) = std::sync::mpsc::sync_channel(1_000);
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            drop(send.send(line));
        }
    });
    heard(&mqtt, "1", &lines);
    for round in ["2", "3"] {
        hub.kill_nine();
        hub = Hub::start_at(scratch.path(), (hub.mqtt, hub.http), &[]);
        heard(&mqtt, round, &lines);
    }
    let told = std::fs::read_to_string(&said).expect("a file");
    assert_eq!(told.matches("was lost").count(), 2, "{told}");
    assert_eq!(told.matches("again; what was published meanwhile").count(), 2, "{told}");
    drop(sub.kill());
    drop(sub.wait());
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
    assert!(
        nobody.contains("no broker answers at mqtt://127.0.0.1:1; nothing listens"),
        "{nobody}"
    );
    assert!(nobody.contains("`uns run`") && nobody.contains("--mqtt"), "{nobody}");
    let nobody = said(&["get", "--http", "http://127.0.0.1:1"]);
    assert!(nobody.contains("no answer from http://127.0.0.1:1; nothing listens"), "{nobody}");
    for (option, scheme) in [("--mqtt", "mqtt"), ("--http", "http")] {
        let command = if option == "--mqtt" { ["sub", "a"] } else { ["get", "a"] };
        let url = format!("{scheme}://no-such-host.invalid:1");
        let unknown = said(&[&command[..], &[option, &url]].concat());
        assert!(unknown.contains("no-such-host.invalid is not known here"), "{unknown}");
    }
    let page = said(&["pub", "a", "1", "--mqtt", &format!("mqtt://{}", hub.http)]);
    assert!(page.contains("does not answer as an MQTT broker does"), "{page}");
    let elsewhere = Scratch::new();
    let closed = Hub::start_with(elsewhere.path(), &["access.anonymous=never"]);
    let (mqtt, http) = (closed.mqtt_url(), format!("http://{}", closed.http));
    let wrong = scratch.path().join("password");
    std::fs::write(&wrong, "wrong").expect("a file");
    let log_in = ["-u", "ghost", "--password-file", wrong.to_str().expect("UTF-8")];
    let ghost = said(&[&["pub", "a", "1", "--mqtt", &mqtt], &log_in[..]].concat());
    assert!(
        ghost.contains("the log-in of `ghost`") && ghost.contains("uns device list"),
        "{ghost}"
    );
    let ghost = said(&[&["get", "--http", &http], &log_in[..]].concat());
    assert!(ghost.contains("this name with this password"), "{ghost}");
    let name = said(&["run", "--public", "--public-name", "https://hub.example:8443"]);
    assert!(name.contains("write hub.example,"), "{name}");
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

#[test]
fn get_and_history_print_what_the_answer_says_beside_the_values() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let http = format!("http://{}", hub.http);
    hub.mosquitto_pub(&["-t", "Werk/speed", "-q", "1", "-m", r#"{"value":118,"unit":"1/min"}"#]);
    hub.mosquitto_pub(&["-t", "Werk/alarm", "-q", "1", "-m", r#"{"state":"fault","error":"E12"}"#]);
    hub.mosquitto_pub(&["-t", "Werk/alarm", "-q", "1", "-m", r#"{"state":"ok"}"#]);
    let print = |args: &[&str]| {
        let output = run(&[args, &["--http", &http]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    let (raw, _) = print(&["history", "Werk/speed"]);
    assert!(raw.ends_with("  118 1/min  Good\n"), "{raw}");
    let (hourly, _) =
        print(&["history", "Werk/speed", "--aggregate", "avg", "--bucket", "1h", "--start=-2h"]);
    assert!(hourly.ends_with("  118.0 1/min  Good\n"), "{hourly}");
    // Lists say it too.
    assert_eq!(hub.get("search?q=speed")["results"][0]["unit"], "1/min");
    assert_eq!(hub.get("tree?path=Werk")["children"][1]["unit"], "1/min");
    // Another unit later: each sample has its own.
    hub.mosquitto_pub(&["-t", "Werk/speed", "-q", "1", "-m", r#"{"value":2,"unit":"Hz"}"#]);
    let (raw, _) = print(&["history", "Werk/speed"]);
    let lines: Vec<_> = raw.lines().collect();
    assert!(lines[0].ends_with("  118 1/min  Good"), "{raw}");
    assert!(lines[1].ends_with("  2 Hz  Good"), "{raw}");
    let (got, _) = print(&["get", "Werk/alarm"]);
    let error = got.lines().find(|line| line.contains(" .error  ")).expect("the field");
    assert!(error.contains("  E12  Good  ") && error.ends_with("  superseded"), "{got}");
    // What is empty says why, in the hub's own words.
    let (none, why) = print(&["history", "Werk/speed", "--start=-2h", "--end=-1h"]);
    assert!(none.is_empty() && why.contains("The newest is of 20"), "{why}");
    let (none, why) = print(&["history", "Werk/alarm", "--field", "sate"]);
    assert!(none.is_empty() && why.contains("Its fields are error, state."), "{why}");
    let (none, why) = print(&["get", "Werk/"]);
    assert!(none.is_empty() && why.contains("No topic matches `Werk/`."), "{why}");
}
