//! A disk that fills up under load (R5): who publishes at QoS 1 and 2 is told 0x97 and never a false
//! acknowledgement, connected subscribers go on, pings are answered, and once there is space again
//! acknowledgements come back by themselves. Whatever was acknowledged reaches a session that lasts:
//! QoS 1 at least once, QoS 2 exactly once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use broker_codec::{Ack, Packet, PacketId, Publish, QoS, ReasonCode, Version};

use crate::client::{Client, connect, session};
use crate::disk_full::SmallDisk;
use crate::hub::{Hub, Scratch, soak, within};

const TOPIC: &str = "uns/v1/full";
/// Between two publishes of one publisher.
const PAUSE: Duration = Duration::from_millis(5);

/// What became of one publisher's messages, by number.
#[derive(Debug, Default)]
struct Told {
    sent: u32,
    taken: Vec<(u32, Instant)>,
    refused: Vec<(u32, Instant)>,
    /// How often the hub hung up, which is how MQTT 3.1.1 hears of a refusal.
    ended: u32,
    /// The longest wait for an answer, be it to a ping.
    slowest: Duration,
}

impl Told {
    fn taken_between(&self, from: Instant, to: Instant) -> usize {
        self.taken.iter().filter(|(_, at)| (from..to).contains(at)).count()
    }

    fn refused_between(&self, from: Instant, to: Instant) -> usize {
        self.refused.iter().filter(|(_, at)| (from..to).contains(at)).count()
    }
}

/// One of the publishers.
#[derive(Clone, Copy, Debug)]
struct Publisher {
    name: &'static str,
    version: Version,
    qos: QoS,
}

const PUBLISHERS: [Publisher; 4] = [
    Publisher { name: "zero", version: Version::V5, qos: QoS::AtMostOnce },
    Publisher { name: "one", version: Version::V5, qos: QoS::AtLeastOnce },
    Publisher { name: "two", version: Version::V5, qos: QoS::ExactlyOnce },
    Publisher { name: "old", version: Version::V311, qos: QoS::AtLeastOnce },
];

impl Publisher {
    /// Publishes one number after the other until it is told to stop.
    fn run(self, hub: SocketAddr, stop: &AtomicBool) -> Told {
        let mut told = Told::default();
        let open = || Client::open(hub, &connect(self.version, self.name)).0;
        let mut client = open();
        while !stop.load(Ordering::Relaxed) {
            let (n, began) = (told.sent, Instant::now());
            told.sent += 1;
            match self.publish(&mut client, n) {
                Some(ReasonCode::Success) => told.taken.push((n, Instant::now())),
                Some(ReasonCode::QuotaExceeded) => told.refused.push((n, Instant::now())),
                Some(other) => panic!("{} {n}: {other}", self.name),
                None => {
                    assert_eq!(self.version, Version::V311, "{} lost its connection", self.name);
                    told.ended += 1;
                    client = open();
                }
            }
            told.slowest = told.slowest.max(began.elapsed());
            thread::sleep(PAUSE);
        }
        told
    }

    /// Publishes a number and answers what is said to it: at QoS 0 to a ping behind it.
    fn publish(self, client: &mut Client, n: u32) -> Option<ReasonCode> {
        let id = (self.qos != QoS::AtMostOnce).then_some(PacketId::FIRST);
        client.send(&Packet::Publish(Publish {
            topic: &format!("{TOPIC}/{}", self.name),
            payload: n.to_string().as_bytes(),
            qos: self.qos,
            packet_id: id,
            ..Publish::default()
        }));
        let Some(id) = id else {
            client.ping();
            return Some(ReasonCode::Success);
        };
        let reason = client.next(|packet| match packet {
            Packet::Puback(ack) | Packet::Pubrec(ack) => ack.reason,
            other => panic!("{other:?} answers no publish"),
        })?;
        if self.qos == QoS::ExactlyOnce && reason == ReasonCode::Success {
            client.send(&Packet::Pubrel(Ack::new(id)));
            client.next(|packet| assert!(matches!(packet, Packet::Pubcomp(_)), "{packet:?}"))?;
        }
        Some(reason)
    }
}

/// How often each number of each publisher came.
type Heard = BTreeMap<(String, u32), u32>;

/// Hears everything up to the publish that says it is the end.
fn listen(mut client: Client) -> Heard {
    let mut heard = Heard::new();
    loop {
        let (answer, said) = client
            .next(|packet| match packet {
                Packet::Publish(publish) => {
                    let name = publish.topic.rsplit('/').next().expect("a level").to_owned();
                    let n = String::from_utf8_lossy(publish.payload).parse().ok();
                    let answer = publish.packet_id.map(|id| match publish.qos {
                        QoS::ExactlyOnce => Packet::Pubrec(Ack::new(id)),
                        _ => Packet::Puback(Ack::new(id)),
                    });
                    (answer, n.map(|n| (name, n)))
                }
                Packet::Pubrel(ack) => (Some(Packet::Pubcomp(Ack::new(ack.packet_id))), None),
                other => panic!("{other:?} is not for a subscriber"),
            })
            .expect("a subscriber stays connected");
        answer.iter().for_each(|answer| client.send(answer));
        match said {
            Some((name, _)) if name == "end" => return heard,
            Some(number) => *heard.entry(number).or_default() += 1,
            None => {}
        }
    }
}

fn subscriber(hub: &Hub, name: &str, lasting: bool) -> thread::JoinHandle<Heard> {
    let (how, qos) = match lasting {
        true => (session(Version::V5, name), QoS::ExactlyOnce),
        false => (connect(Version::V5, name), QoS::AtMostOnce),
    };
    let (mut client, _) = Client::open(hub.mqtt, &how);
    client.subscribe(&format!("{TOPIC}/+"), qos);
    thread::spawn(move || listen(client))
}

/// Publishes until the disk takes no more.
fn fill_the_log(hub: &Hub) {
    let (mut client, _) = Client::open(hub.mqtt, &connect(Version::V5, "bulk"));
    let large = vec![b'x'; 32 << 10];
    let refused = (0..2_000).find(|_| {
        let answer = client.publish_and_wait("uns/v1/bulk/large", &large);
        answer == Some(ReasonCode::QuotaExceeded)
    });
    assert!(refused.is_some(), "a disk of 48 MiB took 62 MiB");
}

/// Waits until a publish is taken.
fn until_taken(hub: &Hub, topic: &str) {
    let (mut client, _) = Client::open(hub.mqtt, &connect(Version::V5, "patient"));
    let began = Instant::now();
    while client.publish_and_wait(topic, b"0") != Some(ReasonCode::Success) {
        assert!(began.elapsed() < within(Duration::from_secs(5)), "space returned 5 s ago");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn publishers_are_told_and_subscribers_go_on() {
    let scratch = Scratch::new();
    let Some(disk) = SmallDisk::below(scratch.path()) else { return };
    let set = ["log.keep_percent=90"];
    let hub = Hub::start_with(scratch.path(), &set);
    let address = hub.mqtt;
    let live = subscriber(&hub, "live", false);
    let lasting = subscriber(&hub, "lasting", true);
    static STOP: AtomicBool = AtomicBool::new(false);
    let publishers =
        PUBLISHERS.map(|publisher| thread::spawn(move || publisher.run(address, &STOP)));
    thread::sleep(Duration::from_secs(1));
    disk.fill();
    fill_the_log(&hub);
    let full = Instant::now();
    thread::sleep(Duration::from_secs(if soak() { 60 } else { 2 }));
    let freed = Instant::now();
    disk.free();
    until_taken(&hub, "uns/v1/bulk/end");
    let back = freed.elapsed();
    thread::sleep(Duration::from_secs(1));
    STOP.store(true, Ordering::Relaxed);
    assert!(hub.counted("uns_rejected_total{reason=\"storage_full\"}") > 0, "nothing is counted");
    let told = publishers.map(|publisher| publisher.join().expect("a publisher that ends well"));
    until_taken(&hub, &format!("{TOPIC}/end"));
    let heard = [live, lasting].map(|all| all.join().expect("a subscriber that ends well"));
    judge(&told, &heard, (full, freed));
    eprintln!("R5: acknowledging again {back:?} after space returned");
}

fn judge(told: &[Told; 4], [live, lasting]: &[Heard; 2], (full, freed): (Instant, Instant)) {
    let came = |heard: &Heard, name: &str, n| heard.get(&(name.to_owned(), n)).copied();
    for (Publisher { name, version, qos }, told) in PUBLISHERS.iter().zip(told) {
        let (taken, refused) = (told.taken_between(full, freed), told.refused_between(full, freed));
        eprintln!(
            "R5: {name}: {} sent, {} taken, {} refused, {} connections ended; {taken} taken and \
             {refused} refused while full; {:?} the slowest answer",
            told.sent,
            told.taken.len(),
            told.refused.len(),
            told.ended,
            told.slowest
        );
        assert!(told.slowest < within(Duration::from_secs(2)), "{name}: {:?}", told.slowest);
        let missing = |heard: &Heard| {
            let lost = told.taken.iter().filter(|(n, _)| came(heard, name, *n).is_none());
            lost.map(|(n, _)| *n).collect::<Vec<_>>()
        };
        // Subscribers that are connected hear what is live, whether or not it could be kept.
        assert!(missing(live).is_empty(), "{name} did not reach the subscriber that was there");
        if *qos == QoS::AtMostOnce {
            continue;
        }
        assert_eq!(taken, 0, "{name} was told success by a full disk");
        assert!(missing(lasting).is_empty(), "{name} was acknowledged and is lost");
        match version {
            Version::V5 => assert!(refused > 0 && told.ended == 0, "{name} was not told"),
            Version::V31 | Version::V311 => assert!(told.ended > 0, "{name} was not told"),
        }
        if *qos == QoS::ExactlyOnce {
            let twice = lasting.iter().filter(|((of, _), times)| of == name && **times > 1);
            assert_eq!(twice.count(), 0, "{name} came twice");
            let false_ones = told.refused.iter().filter(|(n, _)| came(lasting, name, *n).is_some());
            assert_eq!(false_ones.count(), 0, "{name} was refused, and yet delivered");
        }
    }
}
