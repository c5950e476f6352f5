//! The same while other programs have the processors: whoever watches the memory, and whoever folds what
//! was admitted, gets little of them. Nothing that comes in meanwhile may grow unseen.

use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use broker_codec::{Packet, PacketId, Publish, QoS};

use super::Scene;
use super::crowd::{Answer, Attacker};
use super::group::LIMIT;
use crate::hub::soak;

/// Programs that use all the time they get.
struct Hogs(Vec<Child>);

impl Hogs {
    fn start() -> Self {
        let spin = || Command::new("sh").args(["-c", "while :; do :; done"]).spawn();
        Self((0..6).map(|_| spin().expect("a shell")).collect())
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        for hog in &mut self.0 {
            drop(hog.kill());
            drop(hog.wait());
        }
    }
}

/// What some connections do at once: whatever is refused, they go on.
struct Attack {
    name: &'static str,
    payload: String,
    /// About what one takes in memory.
    costs: usize,
    /// Of a publish, among all of its connection.
    topic: fn(usize, usize) -> String,
    retain: bool,
}

/// Publishes of one connection, for some time; how many bytes were taken.
fn publish(scene: &Scene, attack: &Attack, connection: usize, until: Instant) -> u64 {
    let payload = attack.payload.as_str();
    // So few that they are folded in time, even if a twentieth of a processor is left for that.
    let at_once = ((1 << 20) / attack.costs).clamp(1, 200);
    let mut taken = 0;
    let (mut count, mut open) = (0, None);
    while Instant::now() < until {
        let attacker: &mut Attacker = match &mut open {
            Some(attacker) => attacker,
            None => {
                let (attacker, answer) = scene.attacker(&format!("heavy{connection}"));
                if answer != Answer::Taken {
                    thread::sleep(Duration::from_millis(20));
                    continue;
                }
                open.insert(attacker)
            }
        };
        let topics: Vec<_> =
            (count..count + at_once).map(|n| (attack.topic)(connection, n)).collect();
        count += at_once;
        let publishes: Vec<_> = topics
            .iter()
            .zip(1..)
            .map(|(topic, id)| {
                Packet::Publish(Publish {
                    topic,
                    payload: payload.as_bytes(),
                    qos: QoS::AtLeastOnce,
                    packet_id: PacketId::new(id),
                    retain: attack.retain,
                    ..Publish::default()
                })
            })
            .collect();
        attacker.send(&publishes);
        for _ in 0..at_once {
            match attacker.answers(1) {
                Answer::Taken => taken += payload.len() as u64,
                Answer::Refused => {}
                Answer::Closed => {
                    open = None;
                    break;
                }
            }
        }
    }
    taken
}

fn check(attack: &Attack, connections: usize) {
    let mut scene = Scene::begin(attack.name);
    let time = Duration::from_secs(if soak() { 60 } else { 8 });
    let hogs = Hogs::start();
    let (most, taken, done) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let until = Instant::now() + time;
    thread::scope(|scope| {
        let looks = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(scene.small.hub.own_memory(), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(5));
            }
        });
        let (scene, taken) = (&scene, &taken);
        let all: Vec<_> = (0..connections)
            .map(|n| {
                scope.spawn(move || {
                    taken.fetch_add(publish(scene, attack, n, until), Ordering::Relaxed);
                })
            })
            .collect();
        let ended: Vec<_> = all.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        looks.join().expect("who looks");
        ended.into_iter().for_each(|one| one.expect("a connection"));
    });
    drop(hogs);
    let most = most.into_inner();
    eprintln!("R18 {}: {most} bytes of its own at most, {taken:?} taken", attack.name);
    assert!(most < LIMIT, "{}: {most} bytes", attack.name);
    scene.check_alive();
}

/// A value of so many characters.
fn text(length: usize) -> String {
    format!("\"{}\"", "x".repeat(length))
}

#[test]
fn ever_new_topics_on_a_busy_machine() {
    let topic = |connection, n| format!("uns/v1/new/c{connection}/a{}/t{n}", n % 100);
    let name = "ever new topics, busy machine";
    let (payload, costs) = (text(16 << 10), 16 << 10);
    check(&Attack { name, payload, costs, topic, retain: false }, 8);
}

#[test]
fn large_values_of_known_topics_on_a_busy_machine() {
    let topic = |connection, n| format!("known/c{connection}/t{}", n % 500);
    let name = "large values, busy machine";
    let (payload, costs) = (text(2 << 20), 2 << 20);
    check(&Attack { name, payload, costs, topic, retain: false }, 8);
}

#[test]
fn retained_messages_on_a_busy_machine() {
    let topic = |connection, n| format!("uns/v1/kept/c{connection}/t{n}");
    let name = "retained messages, busy machine";
    let (payload, costs) = (text(16 << 10), 16 << 10);
    check(&Attack { name, payload, costs, topic, retain: true }, 8);
}

/// In memory each field takes many times its bytes.
#[test]
fn documents_of_many_fields_on_a_busy_machine() {
    let topic = |connection, n| format!("uns/v1/docs/c{connection}/a{}/t{n}", n % 100);
    let fields = (0..250).map(|n| format!(r#""f{n}":{n}"#)).collect::<Vec<_>>().join(",");
    let name = "documents of many fields, busy machine";
    let (payload, costs) = (format!("{{{fields}}}"), 32 << 10);
    check(&Attack { name, payload, costs, topic, retain: false }, 8);
}
