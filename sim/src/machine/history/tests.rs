//! History on a disk that is full.

use std::path::Path;
use std::sync::Arc;

use fabric::sim::{SimDisk, SimLog};
use fabric::{Batch, Log, PointsBuffer, Publish, Record};
use historian_store::{Error, Request, Store};
use uns_model::{
    ManualClock, NodeId, NodeNo, OrgId, PointRef, PublisherId, Timestamp, TopicId, ValueRef,
};

use super::super::sqlite::SqliteDisk;
use super::super::watched_disk::watched;
use super::{DIR, config};

const TOPIC: &str = "plant/press";
const SAMPLES: usize = 40;
/// Enough for everything.
const ROOM: u64 = 1 << 24;

struct Rig {
    log: Arc<SimLog>,
    disk: SimDisk,
    sqlite: SqliteDisk,
}

impl Rig {
    /// A log with samples, and a disk with nothing on it.
    fn new() -> Self {
        let log = Arc::new(SimLog::new());
        let (org, node, topic) = (OrgId::DEFAULT, NodeNo(0), TopicId(0));
        let ingest = |nth: usize| Timestamp(super::super::START.0 + nth as i64);
        let mut batch = Batch::new();
        let (id, ingest_first) = (NodeId(1), ingest(0));
        batch.push(&Record::NodeMinted { org, topic, node, id, name: TOPIC, ingest: ingest_first });
        for nth in 1..=SAMPLES {
            let payload = nth.to_string();
            let mut buffer = PointsBuffer::new();
            let mut points = buffer.begin(payload.as_bytes());
            points.push(&PointRef::new(ValueRef::Int(nth as i64)));
            batch.push(&Record::Publish(Publish {
                org,
                topic,
                node,
                publisher: PublisherId(1),
                qos: 1,
                retain: false,
                expiry: None,
                points: Some(points.finish()),
                ingest: ingest(nth),
                properties: &[],
                payload: payload.as_bytes(),
            }));
        }
        log.append(batch, None).expect("a log that takes everything");
        let disk = SimDisk::new(7, ROOM);
        let sqlite = SqliteDisk::new(Arc::new(disk.clone()));
        Self { log, disk, sqlite }
    }

    fn open(&self) -> Result<Arc<Store>, Error> {
        let disk = Arc::new(watched(Arc::new(self.disk.clone()), None));
        let clock = Arc::new(ManualClock::new(super::super::START));
        let parts = historian_store::Parts {
            log: Arc::clone(&self.log) as _,
            disk,
            dir: DIR.into(),
            clock,
            config: config(),
        };
        Store::open_on(parts, self.sqlite.name())
    }

    fn used(&self) -> u64 {
        let space = fabric::Disk::space(&self.disk, Path::new("/")).expect("it is on");
        space.total - space.free
    }
}

/// Follows the log, and tries once to write files.
fn follow_and_write(store: &Arc<Store>) {
    let mut steps = store.steps();
    while store.step(&mut steps) && store.health().pending_samples < SAMPLES {}
    store.flush_soon();
    store.step(&mut steps);
    assert!(store.write(&mut steps), "there is something to write");
}

fn count(store: &Arc<Store>) -> usize {
    let (start, end) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
    let request = Request { org: OrgId::DEFAULT, topic: TOPIC, field: None, start, end };
    let mut view = store.view(&request).expect("the topic is known");
    let mut samples = Vec::new();
    for file in std::mem::take(&mut view.files) {
        for piece in view.open(&file).expect("the disk works") {
            view.read(&piece, &mut samples).expect("the file is whole");
        }
    }
    assert_eq!(view.gaps, []);
    view.memory.len() + samples.len()
}

/// The file may have found room and the catalog none: then the next start takes in a file nobody lists,
/// and has no room to say so.
#[test]
fn history_starts_on_a_disk_that_was_full_at_any_moment_of_a_flush() {
    let mut not_listed = 0;
    for room in (0..160).map(|step| step * 512) {
        let rig = Rig::new();
        let store = rig.open().expect("an empty disk");
        rig.disk.set_capacity(rig.used() + room);
        follow_and_write(&store);
        not_listed += usize::from(store.cursor().0 == 0);
        drop(store);
        rig.disk.restart();
        // Whatever room there was is taken by somebody else.
        rig.disk.set_capacity(rig.used());
        let opened = rig.open();
        assert!(opened.is_ok(), "with room for {room}: {opened:?}");
        let store = opened.unwrap();
        rig.disk.set_capacity(ROOM);
        if store.cursor().0 == 0 {
            follow_and_write(&store);
        }
        assert_eq!(store.cursor(), rig.log.committed(), "with room for {room}");
        assert_eq!(count(&store), SAMPLES, "with room for {room}");
    }
    assert!((1..160).contains(&not_listed), "the disk was full in {not_listed} of them");
}
