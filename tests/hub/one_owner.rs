//! One data directory, one hub; one port, one owner: the second is told who holds it.

use crate::hub::{Hub, Scratch, run};

#[test]
fn a_second_hub_is_told_who_holds_the_directory_or_the_port() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    let data = scratch.path().join("data");
    let data = data.to_str().expect("UTF-8");
    let free = ["--set", "mqtt.listen=127.0.0.1:0", "--set", "http.listen=127.0.0.1:0"];
    let second = run(&[&["run", "--data", data], &free[..]].concat());
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains(&hub.pid().to_string()), "{said}");

    // The lock is on what is used, not on a file that somebody may take for a left-over.
    hub.mosquitto_pub(&["-t", "owner/kept", "-m", "1", "-q", "1"]);
    std::fs::remove_file(scratch.path().join("data/LOCK")).expect("there is a lock file");
    let second = run(&[&["run", "--data", data], &free[..]].concat());
    assert!(!second.status.success(), "the lock file is gone");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains(&hub.pid().to_string()), "{said}");
    hub.mosquitto_pub(&["-t", "owner/kept", "-m", "2", "-q", "1"]);
    hub.kill_nine();
    let hub = Hub::start(scratch.path());
    assert_eq!(hub.history("owner/kept", "").len(), 2, "nothing was cut");

    let other = scratch.path().join("other");
    let taken = format!("mqtt.listen={}", hub.mqtt);
    let other = other.to_str().expect("UTF-8");
    let third = run(&["run", "--data", other, "--set", &taken, "--set", "http.listen=127.0.0.1:0"]);
    assert!(!third.status.success());
    let said = String::from_utf8_lossy(&third.stderr);
    assert!(said.contains(&format!("pid {}", hub.pid())), "{said}");
    assert!(said.contains("--set mqtt.listen="), "{said}");
}
