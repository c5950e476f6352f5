//! Operators see sessions that outlive their connections: connected, away, back after kill -9; what
//! waits for them, and their subscriptions all the while.

use serde_json::json;

use crate::hub::{Hub, Scratch, run};
use crate::operators::{Subscriber, call, eventually, get, len};

/// A session of one hour, as mosquitto_sub asks for it.
const DURABLE: [&str; 7] = ["-V", "5", "-c", "-q", "1", "-x", "3600"];

#[test]
fn a_session_is_listed_while_its_client_is_away() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    let _passing = Subscriber::start(&hub, "b-passing", "plant/#", &[]);
    let durable = Subscriber::start(&hub, "a-durable", "plant/+", &DURABLE);
    let both = eventually(&hub, "sessions", |page| len(&page["sessions"]) == 2);
    let kinds: Vec<_> = both["sessions"]
        .as_array()
        .expect("sessions")
        .iter()
        .map(|session| {
            (
                session["clientId"].as_str(),
                session["durable"].as_bool(),
                session["connected"].as_bool(),
            )
        })
        .collect();
    let kind = |id, durable| (Some(id), Some(durable), Some(true));
    assert_eq!(kinds, [kind("a-durable", true), kind("b-passing", false)]);
    assert_eq!(get(&hub, "clients/a-durable")["sessionExpirySeconds"], 3600);
    let page = get(&hub, "sessions?limit=1");
    assert_eq!((len(&page["sessions"]), &page["next"]), (1, &json!("a-durable")));
    let rest = get(&hub, "sessions?limit=1&after=a-durable");
    assert_eq!(
        (&rest["sessions"][0]["clientId"], &rest["next"]),
        (&json!("b-passing"), &json!(null))
    );

    drop(durable);
    let away = eventually(&hub, "sessions?connected=false", |page| len(&page["sessions"]) == 1);
    assert_eq!(away["sessions"][0]["clientId"], "a-durable");
    assert_eq!(call(&hub, "GET", "clients/a-durable", None).0, 404);
    for _ in 0..3 {
        hub.mosquitto_pub(&["-t", "plant/x", "-m", "1", "-q", "1"]);
    }
    eventually(&hub, "sessions?clientId=durable", |page| {
        page["sessions"][0]["queuedMessages"] == 3
    });
    let subscriptions = get(&hub, "subscriptions?clientId=a-durable");
    assert_eq!(subscriptions["subscriptions"][0]["filter"], "plant/+");
    assert_eq!(len(&get(&hub, "subscriptions?matches=plant/x")["subscriptions"]), 2);
    let stats = eventually(&hub, "stats", |stats| stats["sessions"]["offline"] == 1);
    assert_eq!(stats["sessions"]["queuedMessages"], 3);

    hub.kill_nine();
    let hub = Hub::start(scratch.path());
    let away = eventually(&hub, "sessions", |page| page["sessions"][0]["queuedMessages"] == 3);
    assert_eq!(
        (&away["sessions"][0]["connected"], &away["sessions"][0]["durable"]),
        (&json!(false), &json!(true))
    );
    let subscriptions = get(&hub, "subscriptions?filter=plant/*");
    assert_eq!(subscriptions["subscriptions"][0]["clientId"], "a-durable");
    let (_, metrics) = hub.fetch("/metrics");
    assert!(metrics.lines().any(|line| line == "uns_mqtt_session_queued 3"), "{metrics}");
    let disconnected = "$SYS/broker/clients/disconnected";
    let sys = Subscriber::start(&hub, "s", disconnected, &["-W", "60", "-C", "1"]).text();
    assert_eq!(sys.trim(), "1");
}

#[test]
fn the_command_line_shows_who_is_away_and_forgets() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let url = format!("http://{}", hub.http);
    let uns = |args: &[&str]| {
        let output = run(&[&["broker"], args, &["--http", &url]].concat());
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), said(&output.stdout), said(&output.stderr))
    };
    let here = Subscriber::start(&hub, "here", "plant/#", &[]);
    let durable = Subscriber::start(&hub, "shift/log 1", "plant/+", &DURABLE);
    eventually(&hub, "sessions", |page| len(&page["sessions"]) == 2);
    drop(durable);
    eventually(&hub, "sessions?connected=false", |page| len(&page["sessions"]) == 1);
    for _ in 0..3 {
        hub.mosquitto_pub(&["-t", "plant/x", "-m", "1", "-q", "1"]);
    }
    eventually(&hub, "sessions?connected=false", |page| page["sessions"][0]["queuedMessages"] == 3);
    let (_, all, _) = uns(&["clients"]);
    let lines: Vec<_> = all.lines().collect();
    assert_eq!(lines.len(), 2, "{all}");
    assert!(lines[0].starts_with("here  anonymous  tcp 127.0.0.1:"), "{all}");
    assert!(lines[1].starts_with("shift/log 1  away  owed 3 ("), "{all}");
    assert!(lines[1].contains("subscriptions 1  dropped 0  ends in "), "{all}");
    let (_, some, _) = uns(&["clients", "her"]);
    assert_eq!(some.lines().count(), 1, "{some}");

    let (done, _, said) = uns(&["forget", "shift/log 1"]);
    assert!(done, "{said}");
    let (_, all, _) = uns(&["clients"]);
    assert!(!all.contains("shift/log"), "{all}");
    let (done, _, said) = uns(&["forget", "shift/log 1"]);
    assert!(!done && said.contains("shift/log 1"), "{said}");
    drop(here);
}

#[test]
fn members_of_a_share_are_listed_and_counted() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let _one = Subscriber::start(&hub, "m1", "$share/line/plant/#", &[]);
    let _two = Subscriber::start(&hub, "m2", "$share/line/plant/#", &[]);
    let list = eventually(&hub, "subscriptions", |page| len(&page["subscriptions"]) == 2);
    assert_eq!(list["subscriptions"][1]["filter"], "$share/line/plant/#");
    assert_eq!(len(&get(&hub, "subscriptions?matches=plant/x")["subscriptions"]), 2);
    hub.mosquitto_pub(&["-t", "plant/x", "-m", "1"]);
    let topics = eventually(&hub, "topics?filter=plant/**", |page| len(&page["topics"]) == 1);
    assert_eq!(topics["topics"][0]["subscribers"], 1, "one of them gets it");
    assert_eq!(topics["topics"][0]["retained"], false);
}
