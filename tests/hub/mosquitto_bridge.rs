//! TRAP-01: a Debian mosquitto with nothing but `connection`, `address` and `topic # both 1` gets
//! in, mirrors both ways without loops, and catches up after either side was away.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use broker_codec::{Packet, Publish, QoS, Version};

use crate::client::{Client, connect};
use crate::hub::{Hub, Scratch};

/// A mosquitto that bridges to a hub.
#[derive(Debug)]
struct Mosquitto {
    child: Child,
    address: SocketAddr,
}

impl Mosquitto {
    fn start(directory: &Path, hub: SocketAddr) -> Self {
        // A port that was free a moment ago: mosquitto takes no port 0.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let config = directory.join("mosquitto.conf");
        let text = format!(
            "listener {} 127.0.0.1\nallow_anonymous true\n\
             connection hub\naddress {hub}\ntopic # both 1\nrestart_timeout 1\n",
            address.port()
        );
        fs::write(&config, text).expect("a file");
        let log = fs::File::create(directory.join("mosquitto.log")).expect("a file");
        let child = Command::new("mosquitto")
            .arg("-v")
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("mosquitto is installed");
        Self { child, address }
    }

    /// A client of it.
    fn client(&self, client_id: &str) -> Client {
        let deadline = Instant::now() + Duration::from_secs(60);
        while std::net::TcpStream::connect(self.address).is_err() {
            assert!(Instant::now() < deadline, "mosquitto does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Client::open(self.address, &connect(Version::V311, client_id)).0
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Publishes until it arrives on the other side: the bridge takes its time to connect.
fn until_mirrored(from: &mut Client, to: &mut Client, topic: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    to.socket.set_read_timeout(Some(Duration::from_millis(300))).expect("an option");
    loop {
        assert!(Instant::now() < deadline, "{topic} is not mirrored");
        assert!(from.publish_and_wait(topic, b"probe").is_some());
        if to.arrives(topic) {
            break;
        }
    }
    to.socket.set_read_timeout(Some(Duration::from_secs(60))).expect("an option");
}

/// What a client gets until this topic, by topic, RETAIN flag and payload.
fn got_until(client: &mut Client, last: &str) -> Vec<(String, bool, String)> {
    let mut all = Vec::new();
    loop {
        let (got, id) = client
            .next(|packet| match packet {
                Packet::Publish(Publish { topic, retain, payload, packet_id, .. }) => {
                    let payload = String::from_utf8_lossy(payload).into_owned();
                    ((topic.to_owned(), retain, payload), packet_id)
                }
                other => panic!("{other:?} is no PUBLISH"),
            })
            .expect("the connection stays");
        if let Some(id) = id {
            client.send(&Packet::Puback(broker_codec::Ack::new(id)));
        }
        if got.0 == last {
            return all;
        }
        if got.2 != "probe" {
            all.push(got);
        }
    }
}

fn retained(client: &mut Client, topic: &str, payload: &[u8]) {
    client.send(&Packet::Publish(Publish {
        topic,
        payload,
        retain: true,
        qos: QoS::AtLeastOnce,
        packet_id: broker_codec::PacketId::new(9),
        ..Publish::default()
    }));
    client.next(|packet| assert_eq!(packet.packet_type(), broker_codec::PacketType::Puback));
}

#[test]
fn trap_01_a_mosquitto_bridge_mirrors_both_ways_without_loops() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let mosquitto = Mosquitto::start(scratch.path(), hub.mqtt);
    let mut edge = mosquitto.client("edge-publisher");
    let mut edge_ear = mosquitto.client("edge-ear");
    let mut center = Client::open(hub.mqtt, &connect(Version::V5, "center-publisher")).0;
    let mut center_ear = Client::open(hub.mqtt, &connect(Version::V5, "center-ear")).0;
    edge_ear.subscribe("#", QoS::AtLeastOnce);
    center_ear.subscribe("#", QoS::AtLeastOnce);
    until_mirrored(&mut edge, &mut center_ear, "plant/up");
    until_mirrored(&mut center, &mut edge_ear, "plant/down");

    for n in 0..20 {
        edge.publish_and_wait("plant/edge", format!("{n}").as_bytes());
        center.publish_and_wait("plant/center", format!("{n}").as_bytes());
    }
    retained(&mut edge, "plant/edge/kept", b"e");
    retained(&mut center, "plant/center/kept", b"c");
    // Each side's last word, after which a loop would have come round: what goes over the bridge
    // keeps its order, so it goes there and back twice.
    for turn in 0..2 {
        let (there, back) = (format!("plant/end/there{turn}"), format!("plant/end/back{turn}"));
        edge.publish_and_wait(&there, b"end");
        let heard = got_until(&mut center_ear, &there);
        center.publish_and_wait(&back, b"end");
        let echoed = got_until(&mut edge_ear, &back);
        for heard in [&heard, &echoed] {
            let of = |topic: &str| heard.iter().filter(|(at, ..)| at == topic).count();
            let once = usize::from(turn == 0);
            assert_eq!((of("plant/edge"), of("plant/center")), (20 * once, 20 * once), "{heard:?}");
            assert_eq!(of("plant/edge/kept"), once, "{heard:?}");
            assert_eq!(of("plant/center/kept"), once, "{heard:?}");
        }
    }

    // What was retained on one side is retained on the other.
    for (address, topic) in
        [(hub.mqtt, "plant/edge/kept"), (mosquitto.address, "plant/center/kept")]
    {
        let mut late = Client::open(address, &connect(Version::V311, "late")).0;
        late.subscribe(topic, QoS::AtMostOnce);
        let retain = late.next(|packet| match packet {
            Packet::Publish(publish) => publish.retain,
            other => panic!("{other:?} is no PUBLISH"),
        });
        assert_eq!(retain, Some(true), "{topic}");
    }
    assert_eq!(hub.history("plant/edge", "").len(), 20);
    let clients = hub.fetch("/api/v1/broker/clients").1;
    assert!(clients.contains("hub"), "{clients}");
}
