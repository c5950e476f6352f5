//! The operators' view: clients, subscriptions, topics and figures over HTTP, the kick, and traces,
//! beside mosquitto clients; and `$SYS` as mosquitto_sub sees it (TRAP-25, TRAP-34).

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::hub::{Hub, PATIENCE, Scratch, curl, run};

/// A running `mosquitto_sub`; dropping it kills it.
pub(crate) struct Subscriber(Child);

impl Subscriber {
    pub(crate) fn start(hub: &Hub, id: &str, filter: &str, more: &[&str]) -> Self {
        let port = hub.mqtt.port().to_string();
        let mut command = Command::new("mosquitto_sub");
        command.args(["-h", "127.0.0.1", "-p", &port, "-i", id, "-t", filter]).args(more);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        Self(child.expect("mosquitto_sub is installed"))
    }

    pub(crate) fn text(&mut self) -> String {
        self.0.wait().expect("it ends");
        let mut text = String::new();
        let mut out = self.0.stdout.take().expect("piped");
        out.read_to_string(&mut text).expect("UTF-8");
        text
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub(crate) fn call(hub: &Hub, method: &str, path: &str, body: Option<&str>) -> (u16, Value) {
    let url = format!("http://{}/api/v1/broker/{path}", hub.http);
    let mut args = vec!["-s", "-g", "-w", "\n%{http_code}", "-X", method];
    if let Some(body) = body {
        args.extend(["-H", "Content-Type: application/json", "-d", body]);
    }
    args.push(&url);
    let (status, text) = curl(&args);
    (status, serde_json::from_str(&text).unwrap_or_default())
}

pub(crate) fn get(hub: &Hub, path: &str) -> Value {
    let (status, body) = call(hub, "GET", path, None);
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// Asks until the answer is as wanted.
pub(crate) fn eventually(hub: &Hub, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let body = get(hub, path);
        if wanted(&body) {
            return body;
        }
        assert!(Instant::now() < deadline, "{path}: {body}");
        thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn len(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

#[test]
fn clients_are_listed_in_pages_and_kicked() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let names = ["a1", "a2", "a3", "b 1/x"];
    let mut all: Vec<_> =
        names.iter().map(|id| Subscriber::start(&hub, id, "plant/#", &["-V", "5"])).collect();
    eventually(&hub, "subscriptions", |page| len(&page["subscriptions"]) == 4);
    assert_eq!(get(&hub, "stats")["clients"], 4);
    hub.mosquitto_pub(&["-t", "plant/x", "-m", "hello", "-q", "1", "-r"]);

    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(&hub, &format!("clients?limit=3{after}"));
        let ids = page["clients"].as_array().expect("clients").iter();
        seen.extend(ids.map(|client| client["clientId"].as_str().expect("an id").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={}", next.replace('/', "%2F").replace(' ', "%20"));
    }
    assert_eq!(seen, names);
    assert_eq!(len(&get(&hub, "clients?clientId=a&limit=9")["clients"]), 3);
    let one = get(&hub, "clients/b%201%2Fx");
    assert_eq!((&one["protocolVersion"], &one["transport"]), (&json!(5), &json!("tcp")));
    assert_eq!((&one["messagesOut"], &one["subscriptions"]), (&json!(1), &json!(1)));
    assert!(one["bytesIn"].as_u64() > Some(20) && one["connectedSince"].is_string(), "{one}");

    let matching = get(&hub, "subscriptions?matches=plant/x&clientId=a1");
    assert_eq!(matching["subscriptions"][0]["filter"], "plant/#");
    assert_eq!(len(&get(&hub, "subscriptions?matches=other")["subscriptions"]), 0);
    let topics = get(&hub, "topics?filter=plant/**");
    assert_eq!(topics["topics"][0]["topic"], "plant/x");
    assert_eq!(
        (&topics["topics"][0]["retained"], &topics["topics"][0]["subscribers"]),
        (&json!(true), &json!(4))
    );
    let sessions = get(&hub, "sessions?clientId=a2");
    assert_eq!(sessions["sessions"][0]["connected"], true);

    assert_eq!(call(&hub, "DELETE", "clients/nobody", None).0, 404);
    assert_eq!(call(&hub, "DELETE", "clients/a1", None).0, 204);
    eventually(&hub, "stats", |stats| stats["ended"]["administrative"].as_u64() >= Some(1));
    eventually(&hub, "clients/a2", |client| client["state"] == "connected");
    drop(all.pop());
    let stats = eventually(&hub, "stats", |stats| stats["clients"].as_u64() < Some(4));
    assert_eq!(stats["total"]["messagesIn"], 1);
    assert_eq!(stats["transports"][0]["transport"], "tcp");
    assert!(stats["clientsMax"].as_u64() >= Some(4), "{stats}");
}

#[test]
fn a_trace_shows_packets_both_ways_and_no_payload() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let filter = r#"{"topicFilter":"plant/+","durationSeconds":60}"#;
    let (status, trace) = call(&hub, "POST", "traces", Some(filter));
    assert_eq!((status, &trace["running"]), (201, &json!(true)), "{trace}");
    let payload = r#"{"clientId":"p","payload":true,"limit":2}"#;
    let (_, with_payload) = call(&hub, "POST", "traces", Some(payload));
    let _reader = Subscriber::start(&hub, "r", "#", &[]);
    eventually(&hub, "subscriptions", |page| len(&page["subscriptions"]) == 1);
    hub.mosquitto_pub(&["-i", "p", "-t", "plant/x", "-m", "hello", "-q", "1"]);
    hub.mosquitto_pub(&["-i", "p", "-t", "elsewhere", "-m", "hello"]);
    let path = format!("traces/{}", trace["id"].as_str().expect("an id"));
    let seen = eventually(&hub, &path, |trace| len(&trace["events"]) == 2);
    let words = |event: &Value| {
        let field = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        [field("clientId"), field("direction"), field("packet"), field("topic")].join(" ")
    };
    let events: Vec<_> = seen["events"].as_array().expect("events").iter().map(words).collect();
    assert_eq!(events, ["p in PUBLISH plant/x", "r out PUBLISH plant/x"]);
    assert!(!seen.to_string().contains("aGVsbG8="), "no payload unless asked: {seen}");
    let path = format!("traces/{}", with_payload["id"].as_str().expect("an id"));
    let seen = eventually(&hub, &path, |trace| trace["dropped"].as_u64() > Some(1));
    assert_eq!((len(&seen["events"]), &seen["events"][0]["packet"]), (2, &json!("CONNECT")));
    assert_eq!(call(&hub, "DELETE", &path, None).0, 204);
    assert_eq!(call(&hub, "GET", &path, None).0, 404);
    assert_eq!(len(&get(&hub, "traces")["traces"]), 1);
}

#[test]
fn the_command_line_shows_and_kicks() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let _reader = Subscriber::start(&hub, "r 1", "plant/#", &["-V", "5"]);
    eventually(&hub, "subscriptions", |page| len(&page["subscriptions"]) == 1);
    let url = format!("http://{}", hub.http);
    let uns = |args: &[&str]| {
        let output = run(&[&["broker"], args, &["--http", &url]].concat());
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), said(&output.stdout), said(&output.stderr))
    };
    let (_, clients, _) = uns(&["clients", "--sort", "queued"]);
    assert!(clients.starts_with("r 1  anonymous  tcp 127.0.0.1:"), "{clients}");
    let trace = thread::spawn({
        let url = url.clone();
        move || run(&["broker", "trace", "--topic", "plant/+", "--seconds", "6", "--http", &url])
    });
    eventually(&hub, "traces", |page| len(&page["traces"]) == 1);
    // The cores begin with it one after the other, soon after it is listed.
    while !trace.is_finished() {
        hub.mosquitto_pub(&["-i", "p", "-t", "plant/x", "-m", "1"]);
        thread::sleep(Duration::from_millis(200));
    }
    let traced = String::from_utf8(trace.join().expect("it ends").stdout).expect("UTF-8");
    let lines: Vec<_> = traced.lines().filter_map(|line| line.split_once("  ")).collect();
    for expected in ["p < PUBLISH  plant/x  qos 0", "r 1 > PUBLISH  plant/x"] {
        assert!(lines.iter().any(|(_, line)| line.starts_with(expected)), "{traced}");
    }
    let others = lines.iter().filter(|(_, line)| !line.contains(" PUBLISH  plant/x"));
    assert_eq!(others.count(), 0, "{traced}");
    assert!(uns(&["kick", "r 1"]).0);
    let (done, _, said) = uns(&["kick", "nobody/here"]);
    assert!(!done && said.contains("No client is connected as `nobody/here`"), "{said}");
    let (_, stats, _) = uns(&["stats"]);
    assert!(stats.contains("\"administrative\": 1"), "{stats}");
}

#[test]
fn sys_topics_are_those_people_know() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    for _ in 0..3 {
        hub.mosquitto_pub(&["-t", "plant/x", "-m", "12345", "-q", "1"]);
    }
    let names = [
        "version",
        "uptime",
        "clients/connected",
        "clients/disconnected",
        "clients/maximum",
        "clients/total",
        "clients/expired",
        "messages/received",
        "messages/sent",
        "messages/stored",
        "publish/messages/received",
        "publish/bytes/sent",
        "bytes/received",
        "load/messages/received/1min",
        "load/publish/sent/15min",
        "load/sockets/5min",
        "retained messages/count",
        "subscriptions/count",
        "shared_subscriptions/count",
        "heap/current",
        "publish/messages/dropped/queue_full",
    ];
    // Published anew when they have changed, ten seconds later at most.
    let received = "$SYS/broker/publish/messages/received 3";
    let deadline = Instant::now() + PATIENCE;
    loop {
        let more = ["-W", "1", "-F", "%t %p"];
        let text = Subscriber::start(&hub, "s", "$SYS/#", &more).text();
        let has = |begin: &str| text.lines().any(|line| line.starts_with(begin));
        let missing = names.iter().find(|name| !has(&format!("$SYS/broker/{name} ")));
        if missing.is_none() && text.lines().any(|line| line == received) {
            break;
        }
        assert!(Instant::now() < deadline, "{missing:?} or {received} in {text}");
    }
    let wild = Subscriber::start(&hub, "w", "#", &["-W", "1", "-F", "%t"]).text();
    assert!(!wild.contains("$SYS"), "a leading wildcard leaves it alone: {wild}");
}

#[test]
fn metrics_name_every_cause() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    hub.mosquitto_pub(&["-t", "plant/x", "-m", "1", "-q", "1"]);
    let (_, text) = hub.fetch("/metrics");
    for name in [
        "uns_mqtt_messages_in_total 1",
        "uns_mqtt_connects_total 1",
        "uns_mqtt_queued ",
        "uns_mqtt_ended_total{cause=\"client\"}",
        "uns_mqtt_refused_total{cause=\"credentials\"} 0",
        "uns_mqtt_dropped_total{cause=\"queue_full\"} 0",
        "uns_mqtt_auth_failed_total{",
        "uns_mqtt_in_flight ",
        "uns_mqtt_output_bytes ",
        "uns_mqtt_packets_in_total ",
    ] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} in {text}");
    }
    for line in text.lines().filter(|line| line.starts_with("# HELP uns_mqtt")) {
        assert!(line.split_whitespace().count() > 3, "{line}");
    }
}
