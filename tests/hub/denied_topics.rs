//! What is denied is as if it did not exist: no answer tells a denied topic from a missing one, and
//! `[deny] all` binds what administrators look at as well.

use std::fmt::Write as _;
use std::process::Command;

use broker_codec::{Connect, ReasonCode, Version};
use serde_json::Value;

use crate::client::{Client, connect};
use crate::devices::{CLOSED, PASSWORD, device, eventually, get, taken_in};
use crate::hub::{Hub, Scratch, curl};

const HIDDEN: usize = 40;

/// A plant with an open and a secret part, a device that may see one of them, and an administrator.
struct Plant {
    hub: Hub,
    device: String,
    root: String,
    _scratch: Scratch,
}

impl Plant {
    /// `deny` goes to the end of the access file once everything is published.
    fn new(deny: &str) -> Self {
        let scratch = Scratch::new();
        let hub = Hub::start_with(scratch.path(), &[CLOSED]);
        let secret = device(&hub, "press1", &["--allow", "uns/v1/acme/#"]);
        let added = hub.uns(&["user", "add", "root", "--role", "admin"], &format!("{PASSWORD}\n"));
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let root = format!("root:{PASSWORD}");
        eventually("the administrator is let in", || {
            std::thread::sleep(std::time::Duration::from_secs(6));
            get(&hub, &root, "/api/v1/uns/current").0 == 200
        });
        let plant = Self { hub, device: format!("press1:{secret}"), root, _scratch: scratch };
        for n in 0..HIDDEN {
            plant.publish(&format!("uns/v1/acme/secret/s{n:02}"), &[]);
        }
        plant.publish("uns/v1/acme/open/speed", &[]);
        plant.publish("uns/v1/acme/secret/kept", &["-r"]);
        let file = plant.hub.data().join("access.toml");
        let mut text = std::fs::read_to_string(&file).expect("the file");
        write!(text, "\n{deny}\n").expect("a string");
        std::fs::write(&file, text).expect("the file");
        let path = "/api/v1/uns/history?topic=uns/v1/acme/secret/s00";
        eventually("the rule is in force", || deny.is_empty() || plant.get(path).0 == 403);
        plant
    }

    fn publish(&self, topic: &str, more: &[&str]) {
        let output = Command::new("mosquitto_pub")
            .args(["-h", "127.0.0.1", "-p", &self.hub.mqtt.port().to_string(), "-V", "5"])
            .args(["-q", "1", "-t", topic, "-m", "7", "-u", "root", "-P", PASSWORD])
            .args(more)
            .output()
            .expect("mosquitto_pub is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// As the device.
    fn get(&self, path: &str) -> (u16, String) {
        get(&self.hub, &self.device, path)
    }

    fn admin(&self, path: &str) -> Value {
        let (status, body) = get(&self.hub, &self.root, path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }
}

const DENY: &str = "[deny]\nall = [\"uns/v1/acme/secret/#\"]";

/// An answer without what names the request.
fn bare((status, body): (u16, String), topic: &str) -> (u16, String) {
    let mut body: Value = serde_json::from_str(&body).expect("JSON");
    if let Some(problem) = body.as_object_mut() {
        problem.remove("requestId");
        problem.entry("deadId").and_modify(|id| *id = "ID".into());
    }
    (status, body.to_string().replace(topic, "TOPIC"))
}

#[test]
fn no_answer_tells_a_denied_topic_from_a_missing_one() {
    let plant = Plant::new(DENY);
    let (denied, missing) = ("uns/v1/acme/secret/s00", "uns/v1/acme/secret/none");
    for call in ["tree?path=", "history?topic=", "current?filter="] {
        let answer = |topic: &str| bare(plant.get(&format!("/api/v1/uns/{call}{topic}")), topic);
        let [(s1, b1), (s2, b2)] = [denied, missing].map(answer);
        // The position moves with what the log takes.
        let still = |body: String| {
            let mut body: Value = serde_json::from_str(&body).expect("JSON");
            body.as_object_mut().map(|fields| fields.remove("cursor"));
            body
        };
        assert_eq!((s1, still(b1)), (s2, still(b2)), "{call}");
    }
    // In the short form too, which is looked up.
    let short = |topic: &str| bare(plant.get(&format!("/api/v1/uns/history?topic={topic}")), topic);
    assert_eq!(short("acme/secret/s00"), short("acme/secret/none"));
    let tree: Value =
        serde_json::from_str(&plant.get("/api/v1/uns/tree?path=uns/v1").1).expect("JSON");
    assert_eq!(tree["children"][0]["children"], 1, "acme has one child that is seen: {tree}");
    let (_, search) = plant.get("/api/v1/uns/search?q=secret");
    assert!(!search.contains("secret"), "{search}");
}

#[test]
fn a_name_that_differs_in_case_tells_nothing_of_a_denied_one() {
    let plant = Plant::new(DENY);
    let (name, secret) = plant.device.split_once(':').expect("a secret");
    let login = Connect {
        user_name: Some(name),
        password: Some(secret.as_bytes()),
        ..connect(Version::V5, "c")
    };
    let (mut client, _) = Client::open(plant.hub.mqtt, &login);
    // `Secret` is none of the denied names, but would collide with one.
    for topic in ["uns/v1/acme/Secret/s00", "uns/v1/acme/secret/s00"] {
        let reason = client.publish_and_wait(topic, b"1");
        assert_eq!(reason, Some(ReasonCode::NotAuthorized), "{topic}");
    }
    let collides = client.publish_and_wait("uns/v1/acme/Open/speed", b"1");
    assert_eq!(collides, Some(ReasonCode::TopicNameInvalid), "what is seen is named");
    let post = |topic: &str| {
        let url = format!("http://{}/api/v1/uns/publish", plant.hub.http);
        let body = format!("{{\"topic\":\"{topic}\",\"payload\":1}}");
        let json = "Content-Type: application/json";
        let args =
            ["-s", "-w", "\n%{http_code}", "-H", json, "-u", &plant.device, "-d", &body, &url];
        bare(curl(&args), topic)
    };
    assert_eq!(post("uns/v1/acme/Secret/s01"), post("uns/v1/acme/secret/s01"));
    let (status, body) = post("uns/v1/acme/Open/speed");
    assert!(status == 400 && body.contains("case_collision"), "{status} {body}");
}

/// Sweeping `limit` revealed nearly every hidden name by the token of its page.
#[test]
fn page_tokens_show_nothing_of_what_they_skip() {
    let plant = Plant::new(DENY);
    for call in ["tree?path=uns/v1&depth=5", "current?filter=**", "current?filter=uns/v1/**"] {
        for limit in 1..HIDDEN + 5 {
            let (status, body) = plant.get(&format!("/api/v1/uns/{call}&limit={limit}"));
            assert_eq!(status, 200, "{body}");
            assert!(!body.contains("secret"), "{call}&limit={limit}: {body}");
            let page: Value = serde_json::from_str(&body).expect("JSON");
            let Some(next) = page["next"].as_str() else { continue };
            assert!(!next.contains(['/', ':']), "{next} is readable");
            let rest = plant.get(&format!("/api/v1/uns/{call}&limit={limit}&after={next}"));
            assert_eq!(rest.0, 200, "{}", rest.1);
            let other = plant.get(&format!("/api/v1/uns/tree?path=uns&limit=1&after={next}"));
            assert_eq!(other.0, 400, "a token is good for its own listing: {}", other.1);
        }
    }
    plant.publish("uns/v1/acme/open/speed", &[]);
    plant.publish("uns/v1/acme/open/speed", &[]);
    let history = "history?topic=acme/open/speed&start=-1d&limit=1";
    let search = "search?q=acme&limit=1";
    for (call, other) in [(history, search), (search, "search?q=speed&limit=1")] {
        let (status, body) = plant.get(&format!("/api/v1/uns/{call}"));
        assert_eq!(status, 200, "{body}");
        let page: Value = serde_json::from_str(&body).expect("JSON");
        let next = page["next"].as_str().expect("a full page");
        // History's were hexadecimal numbers: where the log is, and the newest time of all.
        assert!(next.len() >= 150 && !next.bytes().all(|b| b.is_ascii_hexdigit()), "{next}");
        let at = |call: &str, next: &str| plant.get(&format!("/api/v1/uns/{call}&after={next}"));
        assert_eq!(at(call, next).0, 200, "{}", at(call, next).1);
        let turned = |(at, char): (usize, char)| match char {
            'A' if at == 60 => 'B',
            _ if at == 60 => 'A',
            other => other,
        };
        let forged: String = next.chars().enumerate().map(turned).collect();
        for (call, token) in [(call, forged.as_str()), (call, "01ff"), (other, next)] {
            let (status, body) = at(call, token);
            assert!(status == 400 && body.contains("`after`"), "{call} {token}: {status} {body}");
        }
    }
}

#[test]
fn deny_all_binds_administrators_too() {
    let plant = Plant::new("");
    let trace = {
        let url = format!("http://{}/api/v1/broker/traces", plant.hub.http);
        let json = "Content-Type: application/json";
        let body = "{\"topicFilter\":\"uns/v1/#\",\"durationSeconds\":600}";
        let args = ["-s", "-w", "\n%{http_code}", "-H", json, "-u", &plant.root, "-d", body, &url];
        let (status, body) = curl(&args);
        assert_eq!(status, 201, "{body}");
        serde_json::from_str::<Value>(&body).expect("JSON")["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    plant.publish("uns/v1/acme/secret/traced", &[]);
    plant.publish("uns/v1/acme/open/speed", &[]);
    let subscriber = Connect {
        user_name: Some("root"),
        password: Some(PASSWORD.as_bytes()),
        ..connect(Version::V5, "watcher")
    };
    let (mut watcher, _) = Client::open(plant.hub.mqtt, &subscriber);
    // A dead letter on either side: names that are not portable.
    for topic in ["uns/v1/acme/secret/a b", "uns/v1/acme/open/a b"] {
        let reason = watcher.publish_and_wait(topic, b"1");
        assert_eq!(reason, Some(ReasonCode::TopicNameInvalid), "{topic}");
    }
    // The one without retained messages first: those of the other may come before its SUBACK.
    watcher.subscribe("$share/group/uns/v1/acme/secret/#", broker_codec::QoS::AtMostOnce);
    watcher.subscribe("uns/v1/acme/secret/#", broker_codec::QoS::AtMostOnce);
    let file = plant.hub.data().join("access.toml");
    let text = std::fs::read_to_string(&file).expect("the file");
    std::fs::write(&file, format!("{text}\n{DENY}\n")).expect("the file");
    let trace = format!("/api/v1/broker/traces/{trace}");
    let places = [
        ("/api/v1/broker/topics?filter=uns/v1/**", "open/speed"),
        ("/api/v1/broker/subscriptions", "subscriptions"),
        (trace.as_str(), "open/speed"),
        ("/api/v1/uns/dead-letters", "open/a b"),
        // Pages go on behind letters that are not shown, and say nothing of where.
        ("/api/v1/uns/dead-letters?limit=1", "open/a b"),
        ("/api/v1/uns/tree?path=uns/v1&depth=9", "open/speed"),
        ("/api/v1/uns/current?filter=**", "open/speed"),
    ];
    for (path, open) in places {
        eventually(path, || !plant.admin(path).to_string().contains("secret"));
        let body = plant.admin(path).to_string();
        assert!(body.contains(open), "{path}: {body}");
    }
    let letters = plant.admin("/api/v1/uns/dead-letters?limit=1");
    assert!(letters["next"].as_str().is_some_and(|next| next.parse::<u64>().is_err()), "{letters}");
    let delete = |path: &str| {
        let url = format!("http://{}/api/v1/uns/nodes?purge=true&path={path}", plant.hub.http);
        curl(&["-s", "-w", "\n%{http_code}", "-X", "DELETE", "-u", &plant.root, &url])
    };
    for topic in ["uns/v1/acme/secret/s00", "uns/v1/acme/secret/none", "acme/secret"] {
        assert_eq!(delete(topic).0, 404, "{topic}");
    }
    // Deleting a parent deleted what is denied below it as well.
    let (status, body) = delete("acme");
    assert!(status == 200 && body.contains("\"deleted\":1,"), "{status} {body}");
    std::fs::write(&file, text).expect("the file");
    let kept = "/api/v1/uns/tree?path=uns/v1/acme/secret&limit=1000";
    eventually("what was denied is there again", || {
        plant.admin(kept)["children"].as_array().map(Vec::len) == Some(HIDDEN + 2)
    });
    let history = plant.admin("/api/v1/uns/history?topic=uns/v1/acme/secret/s00");
    assert_eq!(history["samples"].as_array().map(Vec::len), Some(1), "{history}");
}

#[test]
fn figures_of_the_whole_hub_need_a_right() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[CLOSED]);
    let nothing = device(&hub, "nothing", &["--publish", "uns/v1/acme/#"]);
    taken_in(&hub, 1);
    let monitor = device(&hub, "monitor", &["--subscribe", "$SYS/#"]);
    taken_in(&hub, 2);
    let (nothing, monitor) = (format!("nothing:{nothing}"), format!("monitor:{monitor}"));
    assert_eq!((get(&hub, &nothing, "/metrics").0, get(&hub, &monitor, "/metrics").0), (403, 200));
    let (status, body) = get(&hub, &nothing, "/api/v1/uns/current");
    assert!(status == 200 && body.contains("\"cursor\":\"0\""), "{status} {body}");
    let url = format!("http://{}/api/v1/uns/publish", hub.http);
    let (json, item) =
        ("Content-Type: application/json", r#"{"topic":"uns/v1/acme/a","payload":1}"#);
    let told = |who: &str| {
        let (status, body) =
            curl(&["-s", "-w", "\n%{http_code}", "-H", json, "-u", who, "-d", item, &url]);
        assert_eq!(status, 200, "{body}");
        body.contains("sequence")
    };
    let both = device(&hub, "both", &["--allow", "uns/v1/acme/#"]);
    taken_in(&hub, 3);
    let both = format!("both:{both}");
    eventually("the device is let in", || get(&hub, &both, "/api/v1/uns/current").0 == 200);
    assert!(told(&both) && !told(&nothing), "a place in the log");
}
