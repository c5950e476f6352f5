//! R18: in 256 MiB of memory the hub, as it comes, sheds load (0x97, 3, 429, or a closed connection)
//! long before the kernel would kill it; honest clients go on, and all is well once the others go.

mod busy;
mod crowd;
mod group;

use std::thread;
use std::time::{Duration, Instant};

use broker_codec::{Packet, PacketId, Publish, QoS, ReasonCode, Version};

use crate::client::{Client, connect, session};
use crate::hub::{PATIENCE, curl, soak};
use crowd::{Answer, Attacker};
use group::SmallHub;

/// Times what the short form does.
fn scale(short: usize, long: usize) -> usize {
    if soak() { long } else { short }
}

const HONEST: &str = "uns/v1/honest/value";

/// A hub under attack, and an honest client whose topic it knows.
struct Scene {
    small: SmallHub,
    honest: Client,
    attack: &'static str,
}

impl Scene {
    fn begin(attack: &'static str) -> Self {
        let small = SmallHub::start();
        let (mut honest, _) = Client::open(small.hub.mqtt, &connect(Version::V5, "honest"));
        assert_eq!(honest.publish_and_wait(HONEST, b"1"), Some(ReasonCode::Success));
        Self { small, honest, attack }
    }

    fn attacker(&self, client_id: &str) -> (Attacker, Answer) {
        Attacker::open(self.small.hub.mqtt, &connect(Version::V5, client_id))
    }

    /// The hub serves: it answers an honest client's ping, and reads over HTTP.
    fn check_alive(&mut self) {
        self.honest.ping();
        self.small.hub.get(&format!("current?filter={HONEST}"));
        self.small.check_memory(self.attack);
    }

    /// Once its attackers are gone, the hub takes clients and new topics again.
    fn check_recovery(&mut self) {
        let (small, attack) = (&self.small, self.attack);
        let deadline = Instant::now() + PATIENCE;
        while small.level() >= 2 {
            let own = small.hub.own_memory();
            assert!(Instant::now() < deadline, "{attack}: level {}, {own} bytes", small.level());
            thread::sleep(Duration::from_millis(100));
        }
        let (mut client, _) = Client::open(small.hub.mqtt, &connect(Version::V5, "afterwards"));
        let reason = client.publish_and_wait("uns/v1/afterwards/topic", b"1");
        assert_eq!(reason, Some(ReasonCode::Success), "{attack}");
        self.check_alive();
        assert!(!self.small.hub.log().contains("panicked"), "{}", self.small.hub.log());
    }
}

/// Retained messages on ever new topics; what is cleared is free again, and clearing is never
/// refused.
fn retained(attack: &'static str, prefix: &str, payload: usize) {
    let mut scene = Scene::begin(attack);
    let (mut attacker, _) = scene.attacker("heavy");
    let payload = vec![b'x'; payload];
    let topic = |n: usize| format!("{prefix}/a{}/t{n}", n % 100);
    let taken = attacker.publish_until_refused(2_000_000, &payload, &topic, true);
    eprintln!("{taken} retained messages were taken, level {}", scene.small.level());
    scene.check_alive();
    drop(attacker);
    let topics: Vec<_> = (0..taken + 200).map(topic).collect();
    for some in topics.chunks(200) {
        let clear = |topic| Packet::Publish(Publish { topic, retain: true, ..Publish::default() });
        let clears: Vec<_> = some.iter().map(|topic| clear(topic)).collect();
        scene.honest.send_all(&clears);
    }
    scene.check_alive();
    scene.check_recovery();
}

#[test]
fn retained_messages_of_the_namespace() {
    retained("retained in the namespace", "uns/v1/heavy", 16 << 10);
}

#[test]
fn retained_messages_outside_of_it() {
    retained("retained outside", "heavy", if soak() { 100 } else { 4 << 10 });
}

#[test]
fn large_retained_messages() {
    retained("large retained", "large", 1 << 20);
}

/// Every topic is a node, and a series of history.
#[test]
fn ever_new_topics() {
    // Long texts fill the memory with few topics; numbers need hundreds of thousands.
    let text = format!("\"{}\"", "x".repeat(4 << 10));
    let payload = if soak() { "21.5" } else { &text };
    let mut scene = Scene::begin("ever new topics");
    let (mut attacker, _) = scene.attacker("heavy");
    let topic = |n: usize| format!("uns/v1/new/a{}/b{}/t{n}", n % 100, n % 1000);
    let taken = attacker.publish_until_refused(2_000_000, payload.as_bytes(), &topic, false);
    eprintln!("{taken} new topics were taken");
    scene.check_alive();
    let known = scene.honest.publish_and_wait(HONEST, b"2");
    assert!(scene.small.level() > 2 || known == Some(ReasonCode::Success), "{known:?}");
}

/// Readers that take nothing of a fan-out.
#[test]
fn slow_readers() {
    let mut scene = Scene::begin("slow readers");
    let mut readers = Vec::new();
    for n in 0..scale(200, 2000) {
        let (mut reader, answer) = scene.attacker(&format!("slow{n}"));
        if answer == Answer::Taken {
            reader.subscribe(&["heavy/#".to_owned()], QoS::AtLeastOnce);
            readers.push(reader);
        }
    }
    let (mut attacker, _) = scene.attacker("publisher");
    let payload = vec![b'y'; 64 << 10];
    for n in 0..scale(400, 4000) {
        let qos = if n % 2 == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let topic = format!("heavy/{}", n % 10);
        let packet_id = (qos != QoS::AtMostOnce).then_some(PacketId::FIRST);
        let (topic, payload) = (topic.as_str(), payload.as_slice());
        let publish = Publish { topic, payload, qos, packet_id, ..Publish::default() };
        attacker.send(&[Packet::Publish(publish)]);
        if qos != QoS::AtMostOnce && attacker.answers(1) == Answer::Closed {
            break;
        }
    }
    scene.check_alive();
    drop((readers, attacker));
    scene.check_recovery();
}

/// Large packets of which the end never comes.
#[test]
fn partial_packets() {
    let mut scene = Scene::begin("partial packets");
    let mut begun = Vec::new();
    // A PUBLISH of 1 MiB but for its last byte.
    let mut part = vec![0x30, 0x80, 0x80, 0x40, 0, 1, b'x'];
    part.resize(4 + (1 << 20) - 1, b'z');
    let mut refused = 0;
    for n in 0..scale(600, 4000) {
        let (mut one, answer) = scene.attacker(&format!("part{n}"));
        if answer != Answer::Taken {
            refused += 1;
            continue;
        }
        one.send_raw(&part);
        begun.push(one);
    }
    let closed = begun.iter_mut().filter_map(|one| one.is_closed().then_some(())).count();
    eprintln!("{refused} connections refused, {closed} closed");
    assert!(refused + closed > 0);
    scene.check_alive();
    drop(begun);
    scene.check_recovery();
}

/// Sessions whose clients are away while they are owed, until they or what is owed is refused.
#[test]
fn absent_sessions() {
    let mut scene = Scene::begin("absent sessions");
    for n in 0..scale(2000, 100_000) {
        let address = scene.small.hub.mqtt;
        let (mut one, answer) = Attacker::open(address, &session(Version::V5, &format!("away{n}")));
        if answer != Answer::Taken {
            eprintln!("{n} sessions were taken");
            break;
        }
        one.subscribe(&["uns/v1/owed/#".to_owned()], QoS::AtLeastOnce);
    }
    let topic = |n: usize| format!("uns/v1/owed/t{}", n % 10);
    let (mut attacker, answer) = scene.attacker("publisher");
    if answer == Answer::Taken {
        // What they are owed is added up behind the commit, and slower than one client publishes:
        // so how many are taken until then depends on the machine, that one is refused does not.
        let (began, rounds, mut taken) = (Instant::now(), 5_000, 0);
        loop {
            let some = attacker.publish_some(rounds, b"7", &topic, false);
            taken += some;
            if some < rounds {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{taken} messages were owed, and none refused");
        }
        eprintln!("{taken} messages were owed to each until one was refused");
    }
    scene.check_alive();
}

/// Over HTTP a new topic is refused with 429 and when to ask again; `/readyz` names the cause.
fn check_http(scene: &Scene) {
    let hub = &scene.small.hub;
    let url = format!("http://{}/api/v1/uns/publish", hub.http);
    let (json, item) =
        ("Content-Type: application/json", r#"{"topic":"uns/v1/x/new","payload":1}"#);
    let (status, answer) = curl(&["-si", "-w", "\n%{http_code}", "-H", json, "-d", item, &url]);
    assert_eq!(status, 429, "{answer}");
    let answer = answer.to_lowercase();
    assert!(answer.contains("retry-after: 5") && answer.contains("memory_full"), "{answer}");
    let (status, ready) = hub.fetch("/readyz");
    assert!(status == 503 && ready.contains("memory_full"), "{status} {ready}");
    assert!(hub.counted("uns_rejected_total{reason=\"memory_full\"}") > 0);
    let mut old = Client::send_connect(hub.mqtt, &connect(Version::V311, "old"));
    // Return code 3.
    assert_eq!(old.connack(), Err(ReasonCode::ServerUnavailable));
}

/// One subscription after the other.
#[test]
fn subscriptions() {
    let mut scene = Scene::begin("subscriptions");
    let (mut taken, mut clients) = (0, Vec::new());
    for n in 0..scale(8, 100) {
        let (mut one, answer) = scene.attacker(&format!("reader{n}"));
        if answer != Answer::Taken {
            break;
        }
        for part in 0..20 {
            let filter = |f: usize| format!("some/where/{n}/{part}/+/level{f}/#");
            let filters: Vec<_> = (0..5000).map(filter).collect();
            if one.subscribe(&filters, QoS::AtMostOnce) != Answer::Taken {
                break;
            }
            taken += filters.len();
        }
        clients.push(one);
    }
    eprintln!("{taken} subscriptions were taken, level {}", scene.small.level());
    // They hold what they have, so the level stays.
    check_http(&scene);
    scene.check_alive();
    drop(clients);
    scene.check_recovery();
}
