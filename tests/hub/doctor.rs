//! `uns doctor` from outside: beside a running hub, a stopped one, and with things in the way.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::hub::{Hub, Scratch, run};

/// What it says of a directory, as JSON, and whether it was content.
fn doctor(data: &Path, more: &[&str]) -> (bool, Value) {
    let data = data.to_str().expect("UTF-8");
    let output = run(&[&["doctor", "--json", "--data", data], more].concat());
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["ok"], output.status.success(), "{report}");
    (output.status.success(), report)
}

/// Ports that nobody else takes.
const ANY: [&str; 4] = ["--set", "mqtt.listen=127.0.0.1:0", "--set", "http.listen=127.0.0.1:0"];

/// The finding of an area whose words contain this.
fn finding<'a>(report: &'a Value, area: &str, words: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("checks");
    let fits = |check: &&Value| {
        check["area"] == area && check["found"].as_str().is_some_and(|found| found.contains(words))
    };
    checks.iter().find(fits).unwrap_or_else(|| panic!("{area} {words} in {report:#}"))
}

#[test]
fn a_hub_that_is_well_is_said_to_be_while_it_runs_and_after() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    hub.mosquitto_pub(&["-t", "uns/v1/acme/t", "-m", "1", "-q", "1"]);
    let mqtt = format!("mqtt.listen={}", hub.mqtt);
    let (well, report) = doctor(&hub.data(), &["--set", &mqtt, "--set", "http.listen=127.0.0.1:0"]);
    assert!(well, "{report:#}");
    finding(&report, "ports", &format!("is the running hub's (pid {})", hub.pid()));
    finding(&report, "directory", &format!("a hub runs on {}", hub.data().display()));
    finding(&report, "hub", "says that all is well");
    finding(&report, "clock", "the newest value is of 20");
    finding(&report, "disk", "a sync of 4 KiB takes");
    finding(&report, "disk", "MiB free");
    finding(&report, "limits", "open files");
    finding(&report, "limits", "the hub keeps below");
    finding(&report, "versions", "the log data has format");
    hub.stop();
    let (well, report) = doctor(&hub.data(), &ANY);
    assert!(well, "{report:#}");
    finding(&report, "directory", "no process has");
    finding(&report, "clock", "the newest value is of 20");
    let said =
        run(&[&["doctor", "--data", hub.data().to_str().expect("UTF-8")], &ANY[..]].concat());
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(
        said.lines().all(|line| line.starts_with("ok ")
            || line.contains("WARNING")
            || line.trim_start().starts_with("-> ")),
        "{said}"
    );
    // Nothing of it stays.
    Hub::start(scratch.path()).stop();
}

#[test]
fn what_is_in_the_way_is_named_with_its_remedy() {
    let scratch = Scratch::new();
    let data = scratch.path().join("not/yet");
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = other.local_addr().expect("an address");
    let mqtt = format!("mqtt.listen={address}");
    let (well, report) = doctor(&data, &["--set", &mqtt, "--set", "http.listen=127.0.0.1:0"]);
    assert!(!well);
    let taken = finding(&report, "ports", &format!("mqtt.listen {address} is taken by"));
    assert!(taken["found"].as_str().is_some_and(|s| s.contains(&std::process::id().to_string())));
    let remedy = taken["remedy"].as_str().expect("a remedy");
    assert!(remedy.contains("--set mqtt.listen=127.0.0.1:"), "{remedy}");
    finding(&report, "directory", "does not exist yet");
    assert!(!data.exists(), "a look makes nothing");

    let (_, report) = doctor(&data, &["--set", "mqtt.lisen=1"]);
    finding(&report, "configuration", "did you mean `mqtt.listen`");

    let foreign = scratch.path().join("photos");
    fs::create_dir(&foreign).expect("a folder");
    fs::write(foreign.join("a.jpg"), "x").expect("a file");
    let (_, report) = doctor(&foreign, &ANY);
    assert_eq!(finding(&report, "directory", "no data directory")["verdict"], "failed");
    fs::write(foreign.join("VERSION"), "nonsense").expect("a file");
    let (_, report) = doctor(&foreign, &ANY);
    assert_eq!(finding(&report, "directory", "no line of")["verdict"], "failed");
    fs::set_permissions(&foreign, fs::Permissions::from_mode(0o755)).expect("ours");
    let (_, report) = doctor(&foreign, &ANY);
    let open = finding(&report, "directory", "can be looked into by other users");
    assert_eq!(open["verdict"], "warning");
    assert!(open["remedy"].as_str().is_some_and(|remedy| remedy.starts_with("chmod 700 ")));
    let (_, report) = doctor(&foreign.join("a.jpg"), &ANY);
    finding(&report, "directory", "is no directory");
}

/// A hub whose clock was ten years ahead, and is looked at by one that is right.
#[test]
fn a_clock_behind_the_newest_value_is_named() {
    let Some(library) = crate::clock_jumps::library() else { return };
    let scratch = Scratch::new();
    let mut hub = crate::clock_jumps::start(scratch.path(), &library);
    fs::write(scratch.path().join("clock"), "+315360000\n").expect("a file");
    hub.mosquitto_pub(&["-t", "uns/v1/acme/t", "-m", "1", "-q", "1"]);
    hub.kill_nine();
    let (well, report) = doctor(&hub.data(), &ANY);
    let clock = finding(&report, "clock", "days ahead");
    assert!(!well && clock["verdict"] == "failed", "{clock}");
    assert!(clock["remedy"].as_str().is_some_and(|remedy| remedy.contains("timedatectl")));
}
