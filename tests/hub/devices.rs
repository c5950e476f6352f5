//! Devices and users: made while the hub runs, let in where their rules say, over every interface.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::hub::{Hub, PATIENCE, Scratch, curl, peers, uns};

/// Log-ins are needed by everybody, on loopback too.
pub(crate) const CLOSED: &str = "access.anonymous=never";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Makes a device and answers its secret.
pub(crate) fn device(hub: &Hub, name: &str, rules: &[&str]) -> String {
    let output = hub.uns(&[&["device", "add", name], rules].concat(), "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let secret = said.lines().find_map(|line| line.strip_prefix("password ")).expect("a secret");
    assert!(said.contains(&format!("mosquitto_pub -h 127.0.0.1 -p {}", hub.mqtt.port())), "{said}");
    secret.trim().to_owned()
}

/// `mosquitto_pub` at QoS 1 in MQTT 5, with more arguments; whether it worked, and what it said.
fn publish(hub: &Hub, topic: &str, more: &[&str]) -> (bool, String) {
    let output = Command::new("mosquitto_pub")
        .args(["-h", "127.0.0.1", "-p", &hub.mqtt.port().to_string(), "-V", "5", "-q", "1"])
        .args(["-t", topic, "-m", "7"])
        .args(more)
        .output()
        .expect("mosquitto_pub is installed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success() && !said.contains("arning"), said)
}

/// Tries until it works.
pub(crate) fn eventually(what: &str, mut works: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !works() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until the hub has taken in so many changes of its accounts.
pub(crate) fn taken_in(hub: &Hub, changes: usize) {
    eventually("the accounts are read", || hub.log().matches("was read again").count() >= changes);
}

/// GET as somebody; status and body.
pub(crate) fn get(hub: &Hub, credentials: &str, path: &str) -> (u16, String) {
    let url = format!("http://{}{path}", hub.http);
    curl(&["-s", "-w", "\n%{http_code}", "-u", credentials, &url])
}

#[test]
fn a_device_does_what_it_may_and_nothing_else() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[CLOSED]);
    let secret = device(&hub, "press1", &["--allow", "acme/#"]);
    let login = ["-u", "press1", "-P", secret.as_str()];
    assert!(publish(&hub, "acme/a", &login).0);
    let (done, said) = publish(&hub, "other/a", &login);
    assert!(!done && said.contains("Not authorized"), "{said}");
    for wrong in
        [&["-u", "press1", "-P", "wrong"][..], &["-u", "ghost", "-P", &secret], &["-u", "press1"]]
    {
        let (done, said) = publish(&hub, "acme/a", wrong);
        let said = said.to_lowercase();
        assert!(!done && said.contains("bad user name or password"), "{wrong:?}: {said}");
    }
    let (done, said) = publish(&hub, "acme/a", &[]);
    assert!(!done && said.contains("Not authorized"), "{said}");
    let old = Command::new("mosquitto_pub")
        .args(["-h", "127.0.0.1", "-p", &hub.mqtt.port().to_string(), "-V", "311"])
        .args(["-t", "acme/a", "-m", "7", "-u", "press1", "-P", "wrong"])
        .output()
        .expect("mosquitto_pub is installed");
    let said = String::from_utf8_lossy(&old.stderr);
    assert!(!old.status.success() && said.to_lowercase().contains("bad user name"), "{said}");
}

#[test]
fn the_command_line_logs_in() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[CLOSED]);
    let secret = device(&hub, "press1", &["--allow", "acme/#"]);
    let file = scratch.path().join("secret");
    std::fs::write(&file, format!("{secret}\n")).expect("a file");
    let http = format!("http://{}", hub.http);
    let url = hub.mqtt_url();
    let publish = ["pub", "acme/a", "7", "--mqtt", &url];
    let read = ["get", "acme/#", "--http", &http];
    for args in [&publish[..], &read] {
        let output = uns().args(args).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("UNS_PASSWORD_FILE"), "{said}");
    }
    let log_in = |args: &[&str]| {
        let mut command = uns();
        command.args(args).env("UNS_USER", "press1").env("UNS_PASSWORD_FILE", &file);
        let output = command.output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    log_in(&publish);
    assert!(log_in(&read).contains("acme/a  7"));
}

#[test]
fn http_shows_a_device_what_it_may_read() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[CLOSED]);
    let secret = device(&hub, "press1", &["--allow", "acme/#"]);
    let added = hub.uns(&["user", "add", "root", "--role", "admin"], &format!("{PASSWORD}\n"));
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let (root, own) = (format!("root:{PASSWORD}"), format!("press1:{secret}"));
    let api = "/api/v1/uns";
    for topic in ["acme/a", "other/b"] {
        let (done, said) = publish(&hub, topic, &["-u", "root", "-P", PASSWORD]);
        assert!(done, "{said}");
    }
    for call in ["current?filter=**", "tree?depth=5", "search?q=a", "search?q=b"] {
        let (status, all) = get(&hub, &root, &format!("{api}/{call}"));
        assert_eq!(status, 200, "{all}");
        let (status, some) = get(&hub, &own, &format!("{api}/{call}"));
        assert!(status == 200 && !some.contains("other"), "{call}: {some}");
    }
    assert!(get(&hub, &own, &format!("{api}/current")).1.contains("acme/a"));
    assert_eq!(get(&hub, &own, &format!("{api}/history?topic=acme/a")).0, 200);
    let (status, body) = get(&hub, &own, &format!("{api}/history?topic=other/b"));
    assert!(status == 403 && body.contains("not_allowed"), "{status} {body}");
    for (credentials, path) in [("press1:wrong", api), ("root:wrong", api), ("ghost:x", "/")] {
        let (status, body) = get(&hub, credentials, path);
        assert!(status == 401 && body.contains("login_failed"), "{credentials}: {status} {body}");
    }
    let (status, body) = hub.fetch("/api/v1/uns/current");
    assert!(status == 401 && body.contains("login_required"), "{status} {body}");
    assert_eq!((hub.fetch("/").0, hub.fetch("/metrics").0), (401, 401));
    assert_eq!((hub.fetch("/healthz").0, hub.fetch("/readyz").0), (200, 200));
    let clients = "/api/v1/broker/clients";
    assert_eq!((get(&hub, &own, clients).0, get(&hub, &root, clients).0), (403, 200));
    let url = format!("http://{}{api}/nodes?path=acme", hub.http);
    let delete = |credentials: &str| {
        curl(&["-s", "-w", "\n%{http_code}", "-X", "DELETE", "-u", credentials, &url]).0
    };
    assert_eq!((delete(&own), delete(&root)), (403, 200));
    peers("rights.py", &[&hub.http.to_string(), "press1", &secret, "root", PASSWORD]);
}

#[test]
fn changes_reach_clients_that_are_connected() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[CLOSED]);
    let secret = device(&hub, "press1", &["--allow", "acme/#"]);
    assert!(publish(&hub, "acme/a", &["-u", "press1", "-P", &secret]).0);
    let mut listener = Command::new("mosquitto_sub")
        .args(["-h", "127.0.0.1", "-p", &hub.mqtt.port().to_string(), "-V", "5", "-t", "acme/#"])
        .args(["-u", "press1", "-P", &secret, "-x", "0", "-i", "listener", "-R"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("mosquitto_sub is installed");
    thread::sleep(Duration::from_millis(500));
    assert!(listener.try_wait().expect("a state").is_none(), "it is connected");
    std::fs::write(hub.data().join("access.toml"), "broken = [").expect("a file");
    eventually("the broken file is counted", || hub.log().contains("access file cannot be used"));
    assert!(publish(&hub, "acme/a", &["-u", "press1", "-P", &secret]).0, "the old rules stay");
    std::fs::write(hub.data().join("access.toml"), "").expect("a file");
    eventually("the device is gone", || {
        !publish(&hub, "acme/a", &["-u", "press1", "-P", &secret]).0
    });
    drop(listener.kill());
    drop(listener.wait());
}

#[test]
fn a_change_of_accounts_is_in_force_when_the_command_ends() {
    let scratch = Scratch::new();
    let mut hub = Hub::start_with(scratch.path(), &[CLOSED]);
    for round in 0..3 {
        let secret = device(&hub, "press1", &["--allow", "acme/#"]);
        let login = ["-u", "press1", "-P", secret.as_str()];
        let (done, said) = publish(&hub, "acme/a", &login);
        assert!(done, "round {round}: {said}");
        let removed = hub.uns(&["device", "remove", "press1"], "");
        assert!(removed.status.success(), "{}", String::from_utf8_lossy(&removed.stderr));
        assert!(!publish(&hub, "acme/a", &login).0, "round {round}");
    }
    let added = hub.uns(&["user", "add", "anna", "--role", "admin"], &format!("{PASSWORD}\n"));
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let current = "/api/v1/uns/current";
    assert_eq!(get(&hub, &format!("anna:{PASSWORD}"), current).0, 200);
    let other = "another horse battery";
    assert!(hub.uns(&["user", "passwd", "anna"], &format!("{other}\n")).status.success());
    assert_eq!(get(&hub, &format!("anna:{other}"), current).0, 200);
    assert_eq!(get(&hub, &format!("anna:{PASSWORD}"), current).0, 401);

    hub.stop();
    let added = hub.uns(&["device", "add", "press2", "--allow", "acme/#"], "");
    let said = String::from_utf8_lossy(&added.stderr).into_owned();
    assert!(added.status.success() && said.contains("no hub runs on"), "{said}");
    assert!(String::from_utf8_lossy(&added.stdout).contains("password   "));
}
