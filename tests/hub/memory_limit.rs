//! R18: in 256 MiB of memory the hub sheds load with 0x97 long before the kernel would kill it.

use std::fs;
use std::path::{Path, PathBuf};

use broker_codec::{Packet, PacketId, Publish, QoS, ReasonCode, Version};

use crate::client::{Client, connect};
use crate::hub::{Hub, Scratch};
use crate::wire::Echo;

const LIMIT: u64 = 256 << 20;

/// A group of processes with a bound on their memory, inside the one this test is in.
struct Group(PathBuf);

impl Group {
    /// `None` where this user may not make one.
    fn new() -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let (root, path, limit) = own.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            match (parts.next()?, parts.next()?) {
                ("memory", path) => Some(("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes")),
                _ => None,
            }
        })?;
        let name = format!("uns-test-{}", std::process::id());
        let group = Path::new(root).join(path.trim_start_matches('/')).join(name);
        fs::create_dir(&group).ok()?;
        let group = Self(group);
        fs::write(group.0.join(limit), LIMIT.to_string()).ok()?;
        Some(group)
    }

    fn take(&self, hub: &Hub) -> bool {
        fs::write(self.0.join("cgroup.procs"), hub.pid().to_string()).is_ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        drop(fs::remove_dir(&self.0));
    }
}

/// Publishes retained messages of 16 KiB on topics of their own until one is refused; how many were
/// taken.
fn fill(client: &mut Client, topics: usize) -> usize {
    let payload = vec![b'x'; 16 << 10];
    for n in 0..topics {
        client.send(&Packet::Publish(Publish {
            topic: &format!("heavy/{n}"),
            payload: &payload,
            qos: QoS::AtLeastOnce,
            packet_id: Some(PacketId::FIRST),
            retain: true,
            ..Publish::default()
        }));
        let reason = client.next(|packet| match packet {
            Packet::Puback(ack) => ack.reason,
            other => panic!("{other:?} is no PUBACK"),
        });
        match reason {
            Some(ReasonCode::Success) => {}
            Some(ReasonCode::QuotaExceeded) => return n,
            other => panic!("publish {n}: {other:?}"),
        }
    }
    panic!("{topics} retained messages of 16 KiB were taken");
}

#[test]
fn load_is_shed_before_memory_runs_out() {
    let Some(group) = Group::new() else {
        eprintln!("skipped: no memory group may be made here");
        return;
    };
    let scratch = Scratch::new();
    let set = [
        "mqtt.limits.retained_bytes=48MiB",
        "mqtt.outbound_bytes_max=1MiB",
        "log.memory=16MiB",
        "history.memory=16MiB",
        "namespace.brownfield=off",
    ];
    let hub = Hub::start_with(scratch.path(), &set);
    if !group.take(&hub) {
        eprintln!("skipped: processes may not be moved here");
        return;
    }
    let mut echo = Echo::open(hub.mqtt);
    let (mut client, _) = Client::open(hub.mqtt, &connect(Version::V5, "heavy"));
    let taken = fill(&mut client, 10_000);
    // Readers that take nothing of it.
    let mut stopped = Vec::new();
    for n in 0..40 {
        let (mut reader, _) = Client::open(hub.mqtt, &connect(Version::V5, &format!("slow{n}")));
        reader.subscribe("heavy/#", QoS::AtMostOnce);
        stopped.push(reader);
    }
    for n in 0..2_000 {
        let payload = vec![b'y'; 16 << 10];
        let topic = format!("heavy/{}", n % 10);
        client.send(&Packet::Publish(Publish {
            topic: &topic,
            payload: &payload,
            ..Publish::default()
        }));
    }
    client.ping();
    echo.round_trip();
    let most = hub.memory().1;
    eprintln!(
        "R18: {taken} retained messages of 16 KiB taken, 0x97 for more, {most} bytes at most"
    );
    assert!(most < LIMIT, "{most} bytes");
    drop(stopped);
    drop(hub);
}
