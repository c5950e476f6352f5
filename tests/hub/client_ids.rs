//! A client id belongs to the account that uses it: no other account takes it over, keeps its owner
//! out or inherits its session. Sessions end with their account, or by an administrator.

use std::thread;
use std::time::Duration;

use broker_codec::{Connect, QoS, ReasonCode, Version};
use serde_json::Value;

use crate::client::{Client, connect, session};
use crate::devices::{CLOSED, PASSWORD, device, eventually, get, taken_in};
use crate::hub::{Hub, Scratch, curl};

/// CONNECT with a log-in.
fn with<'a>(connect: Connect<'a>, name: &'a str, password: &'a str) -> Connect<'a> {
    Connect { user_name: Some(name), password: Some(password.as_bytes()), ..connect }
}

/// The reason of a refusal, as CONNACK has it.
fn refusal(hub: &Hub, connect: &Connect<'_>) -> ReasonCode {
    Client::send_connect(hub.mqtt, connect).connack().expect_err("another account's client id")
}

/// Makes an administrator and waits until he may look at the sessions.
fn administrator(hub: &Hub) -> String {
    let added = hub.uns(&["user", "add", "root", "--role", "admin"], &format!("{PASSWORD}\n"));
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let root = format!("root:{PASSWORD}");
    eventually("the administrator is let in", || {
        // Ten failures in a minute would keep the name out.
        thread::sleep(Duration::from_secs(6));
        get(hub, &root, "/api/v1/broker/sessions").0 == 200
    });
    root
}

fn session_ids(hub: &Hub, root: &str) -> Vec<String> {
    let (status, body) = get(hub, root, "/api/v1/broker/sessions");
    assert_eq!(status, 200, "{body}");
    let page: Value = serde_json::from_str(&body).expect("JSON");
    let list = page["sessions"].as_array().expect("sessions");
    list.iter().map(|one| one["clientId"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn the_client_id_press7_is_the_device_press7s() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[CLOSED]);
    let press7 = device(&hub, "press7", &["--allow", "acme/#"]);
    taken_in(&hub, 1);
    let mallory = device(&hub, "mallory", &["--allow", "acme/#"]);
    taken_in(&hub, 2);
    for version in [Version::V5, Version::V311] {
        let stranger = with(connect(version, "press7"), "mallory", &mallory);
        assert_eq!(refusal(&hub, &stranger), ReasonCode::ClientIdentifierNotValid);
        let (mut own, _) =
            Client::open(hub.mqtt, &with(connect(version, "press7"), "press7", &press7));
        assert_eq!(refusal(&hub, &stranger), ReasonCode::ClientIdentifierNotValid);
        own.ping();
    }
    // Any other id belongs to whoever uses it, as long as it does.
    let (mut gateway, _) =
        Client::open(hub.mqtt, &with(session(Version::V5, "gw1"), "press7", &press7));
    gateway.subscribe("acme/#", QoS::AtLeastOnce);
    drop(gateway);
    let taken = with(session(Version::V5, "gw1"), "mallory", &mallory);
    assert_eq!(refusal(&hub, &taken), ReasonCode::ClientIdentifierNotValid);
    let (_, present) =
        Client::open(hub.mqtt, &with(session(Version::V5, "gw1"), "press7", &press7));
    assert!(present, "its own");
}

#[test]
fn a_device_gets_its_name_from_whoever_used_it_before() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[CLOSED]);
    let mallory = device(&hub, "mallory", &["--allow", "acme/#"]);
    taken_in(&hub, 1);
    let squat = with(session(Version::V5, "press7"), "mallory", &mallory);
    let (mut squatter, _) = Client::open(hub.mqtt, &squat);
    squatter.subscribe("acme/#", QoS::AtLeastOnce);
    let press7 = device(&hub, "press7", &["--allow", "acme/#"]);
    taken_in(&hub, 2);
    let (mut own, present) =
        Client::open(hub.mqtt, &with(session(Version::V5, "press7"), "press7", &press7));
    assert!(!present, "the other account's session is not inherited");
    let reason = squatter.next(|packet| match packet {
        broker_codec::Packet::Disconnect(disconnect) => disconnect.reason,
        other => panic!("{other:?} is no DISCONNECT"),
    });
    assert_eq!(reason, Some(ReasonCode::SessionTakenOver));
    own.publish_and_wait("acme/a", b"1");
    own.ping();
}

#[test]
fn sessions_of_removed_accounts_go() {
    let scratch = Scratch::new();
    let mut hub = Hub::start_with(scratch.path(), &[CLOSED]);
    let names = ["press7", "press8", "press9"];
    let secrets = names.map(|name| device(&hub, name, &["--allow", "acme/#"]));
    let root = administrator(&hub);
    let open = |hub: &Hub, n: usize| {
        let id = ["gw7", "gw8", "gw9"][n];
        let connect = with(session(Version::V5, id), names[n], &secrets[n]);
        let (mut client, present) = Client::open(hub.mqtt, &connect);
        client.subscribe("acme/#", QoS::AtLeastOnce);
        (client, present)
    };
    drop(open(&hub, 0).0);
    let connected = open(&hub, 1).0;
    drop(open(&hub, 2).0);
    eventually("three sessions", || session_ids(&hub, &root) == ["gw7", "gw8", "gw9"]);
    for name in ["press7", "press8"] {
        let removed = hub.uns(&["device", "remove", name], "");
        assert!(removed.status.success(), "{}", String::from_utf8_lossy(&removed.stderr));
    }
    eventually("the sessions of the removed go", || session_ids(&hub, &root) == ["gw9"]);
    drop(connected);
    hub.kill_nine();
    let removed = hub.uns(&["device", "remove", "press9"], "");
    assert!(removed.status.success(), "{}", String::from_utf8_lossy(&removed.stderr));
    let hub = Hub::start_with(scratch.path(), &[CLOSED]);
    eventually("what was removed meanwhile goes", || session_ids(&hub, &root).is_empty());
    let again = device(&hub, "press7", &["--allow", "acme/#"]);
    taken_in(&hub, 1);
    let (_, present) = Client::open(hub.mqtt, &with(session(Version::V5, "gw7"), "press7", &again));
    assert!(!present, "a new account of the old name inherits nothing");
}

#[test]
fn an_administrator_ends_sessions() {
    let scratch = Scratch::new();
    let mut hub = Hub::start_with(scratch.path(), &[CLOSED]);
    let secret = device(&hub, "press7", &["--allow", "acme/#"]);
    let root = administrator(&hub);
    let end = |hub: &Hub, credentials: &str, id: &str| {
        let url = format!("http://{}/api/v1/broker/sessions/{id}", hub.http);
        let (status, body) =
            curl(&["-s", "-w", "\n%{http_code}", "-X", "DELETE", "-u", credentials, &url]);
        let reason = serde_json::from_str::<Value>(&body).ok();
        (status, reason.map(|body| body["reason"].clone()))
    };
    let open = |hub: &Hub, connect: Connect<'_>| {
        Client::open(hub.mqtt, &with(connect, "press7", &secret)).0
    };
    let mut away = open(&hub, session(Version::V5, "away"));
    away.subscribe("acme/#", QoS::AtLeastOnce);
    drop(away);
    let mut lasting = open(&hub, session(Version::V5, "lasting"));
    let mut old = open(&hub, session(Version::V311, "old"));
    let mut passing = open(&hub, connect(Version::V5, "passing"));
    passing.ping();
    eventually("four sessions", || session_ids(&hub, &root).len() == 4);
    let own = format!("press7:{secret}");
    assert_eq!(end(&hub, &own, "away").0, 403, "administrators only");
    for id in ["away", "lasting", "old", "passing"] {
        assert_eq!(end(&hub, &root, id), (204, None), "{id}");
        assert_eq!(end(&hub, &root, id), (404, Some("session_unknown".into())), "{id}");
    }
    for client in [&mut lasting, &mut passing] {
        let reason = client.next(|packet| match packet {
            broker_codec::Packet::Disconnect(disconnect) => disconnect.reason,
            other => panic!("{other:?} is no DISCONNECT"),
        });
        assert_eq!(reason, Some(ReasonCode::AdministrativeAction));
    }
    assert!(old.next(|_| ()).is_none(), "MQTT 3.1.1 has no word for it");
    hub.kill_nine();
    let hub = Hub::start_with(scratch.path(), &[CLOSED]);
    assert!(session_ids(&hub, &root).is_empty(), "it was on disk when it was answered");
    for id in ["away", "lasting"] {
        let connect = with(session(Version::V5, id), "press7", &secret);
        assert!(!Client::open(hub.mqtt, &connect).1, "{id}");
    }
}
