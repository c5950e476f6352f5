//! The first admin's password: given in a file, or in one that goes at the first log-in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::hub::{Hub, Scratch, curl, uns};

fn status(hub: &Hub, credentials: &str) -> u16 {
    let url = format!("http://{}/api/v1/uns/current", hub.http);
    curl(&["-s", "-w", "\n%{http_code}", "-u", credentials, &url]).0
}

#[test]
fn it_lies_in_a_file_until_the_first_log_in() {
    let scratch = Scratch::new();
    let mut hub = Hub::start_public(scratch.path());
    let file = hub.data().join("first-password");
    let mode = fs::metadata(&file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let password = fs::read_to_string(&file).expect("the file").trim().to_owned();
    assert!(password.len() >= 32, "{} characters", password.len());
    assert!(!hub.log().contains(&password), "it is not in the log");
    assert_eq!(status(&hub, "admin:wrong"), 401);
    assert!(file.exists(), "a wrong password uses nothing up");
    hub.stop();
    let hub = Hub::start_public(scratch.path());
    assert_eq!(fs::read_to_string(&file).expect("the file").trim(), password, "a restart keeps it");
    assert_eq!(status(&hub, &format!("admin:{password}")), 200);
    assert!(!file.exists());
    assert_eq!(status(&hub, &format!("admin:{password}")), 200);
    for (name, mode) in [("access.toml", 0o600), ("tls/ca.key", 0o600), ("tls/server.key", 0o600)] {
        let found = fs::metadata(hub.data().join(name)).expect(name).permissions().mode();
        assert_eq!(found & 0o777, mode, "{name}");
    }
}

#[test]
fn it_is_taken_from_where_a_container_puts_it() {
    let scratch = Scratch::new();
    let secret = scratch.path().join("secret");
    fs::write(&secret, "a mounted secret\n").expect("a file");
    let mut command = uns();
    command.env("UNS_ADMIN_PASSWORD_FILE", &secret);
    let hub = Hub::start_public_as(command, scratch.path());
    assert_eq!(status(&hub, "admin:a mounted secret"), 200);
    assert!(!hub.data().join("first-password").exists());
    let text = fs::read_to_string(hub.data().join("access.toml")).expect("the file");
    assert!(!text.contains("mounted"), "only hashes are kept");
}

#[test]
fn a_short_one_is_refused_with_the_remedy() {
    let scratch = Scratch::new();
    let secret = scratch.path().join("secret");
    fs::write(&secret, "short").expect("a file");
    let mut command = uns();
    command.env("UNS_ADMIN_PASSWORD_FILE", &secret);
    let data = scratch.path().join("data");
    command.args(["run", "--set", "access.anonymous=never", "--data"]).arg(data);
    command.args(["--set", "mqtt.listen=127.0.0.1:0", "--set", "http.listen=127.0.0.1:0"]);
    let output = command.output().expect("the binary under test starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("12 characters"), "{said}");
}
