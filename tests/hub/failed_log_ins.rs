//! Failed log-ins: the log names account and address once a minute, whatever strangers call
//! themselves, and tells no password; guessing at one account keeps no other one out.

use std::process::Command;

use base64::Engine as _;

use crate::devices::{CLOSED, PASSWORD, device, taken_in};
use crate::hub::{Hub, Scratch, curl};

fn mqtt(hub: &Hub, name: &str, password: &str) -> bool {
    let output = Command::new("mosquitto_pub")
        .args(["-h", "127.0.0.1", "-p", &hub.mqtt.port().to_string(), "-V", "5", "-q", "1"])
        .args(["-t", "acme/a", "-m", "7", "-u", name, "-P", password])
        .output()
        .expect("mosquitto_pub is installed");
    output.status.success()
}

fn http(hub: &Hub, header: &str) -> u16 {
    let url = format!("http://{}/api/v1/uns/current", hub.http);
    curl(&["-s", "-w", "\n%{http_code}", "-H", header, &url]).0
}

#[test]
fn the_log_names_account_and_address_once_a_minute() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[CLOSED]);
    device(&hub, "press1", &["--allow", "acme/#"]);
    taken_in(&hub, 1);
    for _ in 0..6 {
        assert!(!mqtt(&hub, "press1", "hunter2"));
    }
    let forged = "eve\n2026-01-01T00:00:00Z  INFO uns: all is well:hunter2";
    let forged = base64::engine::general_purpose::STANDARD.encode(forged);
    assert_eq!(http(&hub, &format!("Authorization: Basic {forged}")), 401);
    for _ in 0..5 {
        assert_eq!(http(&hub, "Authorization: Basic cHJlc3MxOmh1bnRlcjI="), 401);
    }
    let log = hub.log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("log-ins were refused")).collect();
    let of = |name: &str| lines.iter().filter(|line| line.contains(name)).count();
    assert_eq!(of("press1"), 2, "one of MQTT and one of HTTP: {lines:#?}");
    assert!(lines.iter().all(|line| line.contains("127.0.0.1")), "{lines:#?}");
    assert_eq!(of("eve"), 1, "{lines:#?}");
    assert!(!log.contains("hunter2"), "no password is told");
    assert!(!log.lines().any(|line| line.starts_with("2026-01-01")), "no line is forged");
}

#[test]
fn guessing_at_one_account_keeps_no_other_one_out() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[CLOSED]);
    let secret = device(&hub, "press1", &["--allow", "acme/#"]);
    taken_in(&hub, 1);
    let added = hub.uns(&["user", "add", "root", "--role", "admin"], &format!("{PASSWORD}\n"));
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    taken_in(&hub, 2);
    // More than one address may fail over HTTP in a minute: further ones are refused unseen.
    for n in 0..120 {
        let basic = format!("ghost{n}:x");
        let basic = base64::engine::general_purpose::STANDARD.encode(basic);
        let status = http(&hub, &format!("Authorization: Basic {basic}"));
        assert!(matches!(status, 401 | 429), "{status}");
    }
    let own = format!("press1:{secret}");
    let url = format!("http://{}/api/v1/uns/current", hub.http);
    let (status, body) = curl(&["-s", "-w", "\n%{http_code}", "-u", &own, &url]);
    assert_eq!(status, 200, "a secret nobody guesses gets in: {body}");
    assert!(mqtt(&hub, "press1", &secret));
}
