//! TRAP-06, TRAP-31 from outside: a will is judged when it is due, by the account that left it, also
//! after kill -9. One that is refused is a dead letter, once; the rows of a batch are judged one by one.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use broker_codec::{Connect, ConnectProperties, Packet, PublishProperties, QoS, Version, Will};
use serde_json::Value;

use crate::client::{Client, connect};
use crate::devices::{CLOSED, PASSWORD, device, eventually, get};
use crate::hub::{Hub, Scratch, curl};

/// Whom nobody is to write to below this, and whose tokens are good.
const MORE: &str = r#"
[deny]
publish = ["uns/v1/acme/secret/#"]

[jwt]
issuer = "idp"
audience = "uns"

[[jwt.key]]
algorithm = "HS256"
file = "shared"
"#;
const SECRET: &str = "a secret of at least thirty-two bytes";
/// Of `anna`, who may do everything below `acme/`, until 2100; signed with that.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJpZHAiLCJhdWQiOiJ1bnMiLCJleHAiOjQxMDI0NDQ4MDAs\
                     InN1YiI6ImFubmEiLCJhbGxvdyI6WyJhY21lLyMiXX0.\
                     JxG7Mh1Cu3OmAvXod2gHO4Xxce2Y7Lb1XNuvpy_lBrA";
const ROWS: &str =
    r#"{"points":[{"path":"line/speed","value":7},{"path":"secret/recipe","value":666}]}"#;

struct World {
    scratch: Scratch,
    hub: Hub,
    root: String,
}

/// Who leaves a will, where, and for how long its session and the will wait.
#[derive(Clone, Copy)]
struct Leaves<'a> {
    name: &'a str,
    secret: &'a str,
    topic: &'a str,
    payload: &'a str,
    waits: u32,
}

impl World {
    fn new(devices: &[(&str, &str)]) -> (Self, Vec<String>) {
        let scratch = Scratch::new();
        let hub = Hub::start_with(scratch.path(), &[CLOSED]);
        let secrets = devices.iter().map(|(name, allow)| device(&hub, name, &["--allow", allow]));
        let secrets = secrets.collect();
        let added = hub.uns(&["user", "add", "root", "--role", "admin"], &format!("{PASSWORD}\n"));
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        fs::write(hub.data().join("shared"), SECRET).expect("a file");
        let file = hub.data().join("access.toml");
        let mut file = OpenOptions::new().append(true).open(file).expect("the accounts");
        file.write_all(MORE.as_bytes()).expect("it is written");
        drop(file);
        let mut world = Self { scratch, hub, root: format!("root:{PASSWORD}") };
        world.kill_nine();
        world.start();
        (world, secrets)
    }

    fn kill_nine(&mut self) {
        self.hub.kill_nine();
    }

    fn start(&mut self) {
        self.hub = Hub::start_with(self.scratch.path(), &[CLOSED]);
    }

    fn json(&self, path: &str) -> Value {
        let (status, body) = get(&self.hub, &self.root, path);
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// A client that may see everything.
    fn watcher(&self) -> Client {
        let watcher = Connect {
            user_name: Some("root"),
            password: Some(PASSWORD.as_bytes()),
            ..connect(Version::V5, "watcher")
        };
        let mut watcher = Client::open(self.hub.mqtt, &watcher).0;
        // One filter: what is retained for it comes before another one's SUBACK.
        watcher.subscribe("#", QoS::AtLeastOnce);
        watcher
    }

    /// Connects, and stays.
    fn comes(&self, who: Leaves<'_>) -> Client {
        let properties = ConnectProperties {
            session_expiry_interval: Some(who.waits),
            ..ConnectProperties::default()
        };
        let connect = Connect {
            properties,
            user_name: Some(who.name),
            password: Some(who.secret.as_bytes()),
            will: Some(Will {
                topic: who.topic,
                payload: who.payload.as_bytes(),
                qos: QoS::AtLeastOnce,
                retain: true,
                delay_interval: Some(who.waits),
                properties: PublishProperties::default(),
            }),
            ..connect(Version::V5, who.name)
        };
        let mut client = Client::open(self.hub.mqtt, &connect).0;
        // What is said after CONNECT is committed after it.
        client.publish_and_wait(&format!("{}/here", who.topic), b"1");
        client
    }

    /// Connects and is lost; its will and its session wait.
    fn leaves(&self, who: Leaves<'_>) {
        drop(self.comes(who));
        eventually("its session waits", || {
            let sessions = self.json("/api/v1/broker/sessions");
            let list = sessions["sessions"].as_array().expect("sessions").clone();
            list.iter().any(|one| one["clientId"] == who.name && one["connected"] != true)
        });
    }

    fn ends(&self, name: &str) {
        let url = format!("http://{}/api/v1/broker/sessions/{name}", self.hub.http);
        let (status, body) =
            curl(&["-s", "-w", "\n%{http_code}", "-X", "DELETE", "-u", &self.root, &url]);
        assert_eq!(status, 204, "{body}");
    }

    fn remove(&self, name: &str) {
        let removed = self.hub.uns(&["device", "remove", name], "");
        assert!(removed.status.success(), "{}", String::from_utf8_lossy(&removed.stderr));
    }

    /// The topics of dead letters of a client, with their reasons.
    fn refused(&self, client_id: &str) -> Vec<(String, String)> {
        let page = self.json("/api/v1/uns/dead-letters?limit=1000");
        let letters = page["letters"].as_array().expect("letters").iter();
        let word = |letter: &Value, key: &str| letter[key].as_str().unwrap_or_default().to_owned();
        letters
            .filter(|letter| letter["clientId"] == client_id)
            .map(|letter| (word(letter, "topic"), word(letter, "reason")))
            .collect()
    }

    fn is_refused(&self, client_id: &str, topic: &str) {
        let expected = [(topic.to_owned(), "not_authorized".to_owned())];
        eventually("the will is refused", || !self.refused(client_id).is_empty());
        assert_eq!(self.refused(client_id), expected);
    }
}

/// The topics of what comes before the marker.
fn until_marked(world: &World, watcher: &mut Client) -> Vec<String> {
    let marker = Connect {
        user_name: Some("root"),
        password: Some(PASSWORD.as_bytes()),
        ..connect(Version::V5, "marker")
    };
    let mut client = Client::open(world.hub.mqtt, &marker).0;
    client.publish_and_wait("acme/marker", b"1");
    let mut topics = Vec::new();
    loop {
        let topic = watcher.next(|packet| match packet {
            Packet::Publish(publish) => publish.topic.to_owned(),
            other => panic!("{other:?} is no PUBLISH"),
        });
        match topic.expect("it stays").as_str() {
            "acme/marker" => return topics,
            here if here.ends_with("/here") => {}
            other => topics.push(other.to_owned()),
        }
    }
}

#[test]
fn the_wills_of_removed_accounts_are_refused_before_and_after_kill_nine() {
    let all = [("press7", "acme/#"), ("press8", "acme/#"), ("press9", "acme/#"), ("gw", "acme/#")];
    let (mut world, secrets) = World::new(&all);
    let topics = ["acme/w7", "acme/w8", "acme/w9", "acme/gw"];
    let who = |n: usize, waits| {
        let (name, secret): (&str, &str) = (all[n].0, &secrets[n]);
        Leaves { name, secret, topic: topics[n], payload: "gone", waits }
    };
    let anna =
        Leaves { name: "anna", secret: TOKEN, topic: "acme/anna", payload: "gone", waits: 3600 };
    let mut watcher = world.watcher();
    // Lost, and its account goes; connected, and its account goes.
    world.leaves(who(0, 3600));
    world.remove("press7");
    world.is_refused("press7", "acme/w7");
    let connected = world.comes(who(1, 0));
    world.remove("press8");
    world.is_refused("press8", "acme/w8");
    drop(connected);
    assert!(until_marked(&world, &mut watcher).is_empty());
    // Connected with wills that are due at once, or left, when the hub is killed.
    let connected = [world.comes(who(2, 0)), world.comes(who(3, 0))];
    world.leaves(anna);
    world.kill_nine();
    drop((connected, watcher));
    world.remove("press9");
    let file = world.hub.data().join("access.toml");
    let text = fs::read_to_string(&file).expect("the accounts");
    let without = text.split("[jwt]").next().expect("what is before it");
    fs::write(&file, without).expect("it is written");
    world.start();
    world.is_refused("press9", "acme/w9");
    world.is_refused("anna", "acme/anna");
    // The will of the account that is still there is retained by now, and those of others never are.
    let retained = |world: &World| {
        eventually("the will of the other account", || {
            let seen = until_marked(world, &mut world.watcher());
            assert!(seen.iter().all(|topic| topic == "acme/gw"), "{seen:?}");
            !seen.is_empty()
        });
    };
    retained(&world);
    world.kill_nine();
    world.start();
    retained(&world);
    for client_id in ["press7", "press8", "press9", "anna"] {
        assert_eq!(world.refused(client_id).len(), 1, "{client_id}: it never comes again");
    }
}

#[test]
fn a_will_with_a_delay_has_the_rights_of_its_account_row_by_row() {
    let (mut world, secrets) = World::new(&[("press7", "uns/v1/acme/#"), ("press8", "acme/#")]);
    let press7 = Leaves {
        name: "press7",
        secret: &secrets[0],
        topic: "uns/v1/acme",
        payload: ROWS,
        waits: 3600,
    };
    let anna =
        Leaves { name: "anna", secret: TOKEN, topic: "acme/anna", payload: "gone", waits: 3600 };
    let press8 = Leaves { name: "press8", secret: &secrets[1], topic: "acme/w8", ..anna };
    for who in [press7, anna, press8] {
        world.leaves(who);
    }
    world.kill_nine();
    world.start();
    let mut watcher = world.watcher();
    world.ends("anna");
    eventually("what a token brought is known again", || {
        until_marked(&world, &mut watcher) == ["acme/anna"]
    });
    world.ends("press7");
    eventually("the row it may publish", || {
        until_marked(&world, &mut watcher).contains(&"uns/v1/acme/line/speed".to_owned())
    });
    world.is_refused("press7", "uns/v1/acme/secret/recipe");
    assert_eq!(
        world.json("/api/v1/uns/current?filter=uns/v1/acme/line/%23")["values"][0]["value"],
        7
    );
    // The right to its own topic goes while it waits.
    let file = world.hub.data().join("access.toml");
    let text = fs::read_to_string(&file).expect("the accounts");
    fs::write(&file, text.replace("[\"acme/#\"]", "[\"other/#\"]")).expect("it is written");
    eventually("it is read", || world.hub.log().contains("was read again"));
    world.ends("press8");
    world.is_refused("press8", "acme/w8");
    assert!(until_marked(&world, &mut watcher).is_empty());
}
