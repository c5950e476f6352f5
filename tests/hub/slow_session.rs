//! TRAP-35: a slow subscriber whose session is owed as much as it may be hears why, where its version
//! has words for it; operators read it in the log; and all else it is owed is kept.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::devices::eventually;
use crate::hub::{Hub, Scratch, peers, run};

const LIMIT: &str = "mqtt.session_messages_max=5";

fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([name, &pid.to_string()]).status();
    assert!(status.expect("kill is there").success());
}

/// What `uns broker clients` says of a client.
fn shown(hub: &Hub, client_id: &str) -> String {
    let http = format!("http://{}", hub.http);
    let said = run(&["broker", "clients", client_id, "--http", &http]);
    String::from_utf8_lossy(&said.stdout).into_owned()
}

#[test]
fn trap_35_a_slow_paho_subscriber_is_told_and_keeps_the_rest() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[LIMIT]);
    let said = peers("slow_session.py", &[&hub.mqtt.to_string(), "slow/five", "5", "8"]);
    let told = said.lines().find(|line| line.starts_with("told 0x97: ")).expect(&said);
    for word in ["mqtt.session_messages_max", "dropped and counted", "all else is kept"] {
        assert!(told.contains(word), "{told}");
    }
    assert!(said.contains("got 0 1 2 3 4 after"), "{said}");
    let log = hub.log();
    let line = log.lines().find(|line| line.contains("session_quota")).expect(&log);
    for word in ["slow5", "mqtt.session_messages_max", "uns broker forget"] {
        assert!(line.contains(word), "{line}");
    }
    let shown = shown(&hub, "slow5");
    assert!(shown.contains("slow5") && shown.contains("away"), "{shown}");
    assert!(!shown.contains("dropped 0"), "{shown}");
}

#[test]
fn trap_35_a_slow_mosquitto_sub_of_3_1_1_keeps_its_connection_and_the_rest() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[LIMIT]);
    let mut slow = Command::new("mosquitto_sub")
        .args(["-h", "127.0.0.1", "-p", &hub.mqtt.port().to_string(), "-i", "slow3", "-c"])
        .args(["-V", "mqttv311", "-q", "1", "-t", "slow/three", "-F", "%p"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("mosquitto_sub is installed");
    let subscribed = || hub.fetch("/api/v1/broker/subscriptions?clientId=slow3").1;
    eventually("it subscribes", || subscribed().contains("slow/three"));
    signal("-STOP", slow.id());
    for number in 0..8 {
        hub.mosquitto_pub(&["-q", "1", "-t", "slow/three", "-m", &number.to_string()]);
    }
    eventually("operators are told", || hub.log().contains("session_quota"));
    let log = hub.log();
    let line = log.lines().find(|line| line.contains("session_quota")).expect(&log);
    assert!(line.contains("slow3") && line.contains("mqtt.session_messages_max"), "{line}");
    eventually("it is shown", || shown(&hub, "slow3").contains("dropped 3"));
    signal("-CONT", slow.id());
    let mut lines = BufReader::new(slow.stdout.take().expect("a pipe")).lines();
    let got: Vec<String> = lines.by_ref().take(5).map(|line| line.expect("UTF-8")).collect();
    assert_eq!(got, ["0", "1", "2", "3", "4"]);
    // There is room again once the log has what it acknowledged.
    eventually("it is owed nothing", || shown(&hub, "slow3").contains("queued 0"));
    hub.mosquitto_pub(&["-q", "1", "-t", "slow/three", "-m", "after"]);
    assert_eq!(lines.next().expect("the same connection").expect("UTF-8"), "after");
    assert_eq!(hub.log().matches("session_quota").count(), 1, "once a minute");
    slow.kill().expect("it runs");
    slow.wait().expect("it ends");
}
