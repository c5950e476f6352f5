//! Power cuts under the real log and the checkpoints: what was acknowledged is there afterwards.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fabric::Log;
use fabric::sim::SimDisk;
use fabric_local::{LocalLog, LogConfig};
use uns_model::{Reason, SeededRandom, SystemClock, Value};
use uns_namespace::{AllRights, Config, Gate, Namespace, Parts};

use crate::world::{current, inbound, node};

const TOPICS: u64 = 6;
const CUTS: u64 = 40;

fn open(disk: &Arc<SimDisk>, seed: u64) -> Option<(Arc<LocalLog>, Arc<Namespace>)> {
    let random = Arc::new(SeededRandom::new(seed));
    let config = LogConfig { segment_bytes: 64 << 10, ..LogConfig::default() };
    let clock = Arc::new(SystemClock);
    let log = LocalLog::open(disk.clone(), Path::new("/data/log"), config, clock.clone(), &*random)
        .ok()?;
    let space = Namespace::open(Parts {
        log: log.clone(),
        disk: disk.clone(),
        dir: "/data/namespace".into(),
        clock,
        random,
        config: Config::default(),
    });
    Some((log, space.ok()?))
}

/// Publishes rising numbers until the power fails; what was acknowledged goes into `acknowledged`.
fn work(
    space: &Arc<Namespace>,
    from: i64,
    acknowledged: &Arc<Mutex<BTreeMap<String, i64>>>,
) -> i64 {
    let mut gate = Gate::new(space);
    for number in from..from + 300 {
        let topic = format!("uns/v1/line/t{}", number.unsigned_abs() % TOPICS);
        // The log's own threads meet the power cut too, so it may turn read-only at any of these.
        let Ok(fabric::Resolved::Node(node)) = gate.resolve(crate::world::ORG, &topic, &AllRights)
        else {
            return number;
        };
        match gate.admit(&node, &inbound(number.to_string().as_bytes()), &AllRights) {
            Err(refused) if refused.reason == Reason::StorageFull => return number,
            admitted => drop(admitted.expect("a good payload")),
        }
        let acknowledged = acknowledged.clone();
        let on_commit: fabric::OnCommit = Box::new(move |result| {
            if result.is_ok() {
                let mut acknowledged = acknowledged.lock().expect("no panics");
                acknowledged.insert(topic, number);
            }
        });
        if gate.flush(Some(on_commit)).is_err() {
            return number;
        }
        if number % 37 == 0 {
            // With the power gone this fails, and so does everything after it.
            drop(space.catch_up().and_then(|()| space.checkpoint()));
        }
    }
    from + 300
}

#[test]
fn nothing_acknowledged_is_lost_at_a_power_cut() {
    let disk = Arc::new(SimDisk::new(11, 1 << 30));
    let acknowledged = Arc::new(Mutex::new(BTreeMap::new()));
    let mut next = 1;
    for cut in 0..CUTS {
        let (log, space) = open(&disk, cut).expect("the power is on");
        assert!(log.health().damage.is_empty(), "cut {cut}: no checkpoint is ahead of the log");
        let values: BTreeMap<_, _> = current(&space, "#")
            .into_iter()
            .map(|value| (value.topic.to_string(), value.last.value))
            .collect();
        for (topic, number) in acknowledged.lock().expect("no panics").iter() {
            let Some(Value::Int(found)) = values.get(topic) else {
                unreachable!("cut {cut}: {topic} is gone")
            };
            assert!(found >= number, "cut {cut}: {topic} is {found}, {number} was acknowledged");
        }
        assert_eq!(space.stats().damaged_checkpoints, 0, "a power cut damages no checkpoint");
        disk.power_off_in(5 + cut * 7);
        next = work(&space, next, &acknowledged);
        log.close();
        drop((log, space));
        disk.crash();
    }
    assert!(acknowledged.lock().expect("no panics").len() as u64 == TOPICS);
}

#[test]
fn what_the_log_can_never_take_is_refused_for_good() {
    let disk = Arc::new(SimDisk::new(1, 4 << 20));
    let (_log, space) = open(&disk, 1).expect("a new log");
    let mut gate = Gate::new(&space);
    let plant = node(&mut gate, "plant/picture");
    let large = vec![b'x'; 100 << 10];
    gate.admit(&plant, &inbound(&large), &AllRights).unwrap();
    assert_eq!(gate.flush(None).unwrap_err().reason, Reason::PayloadTooLarge);
    // Among others it may be their number: each may be tried again.
    gate.admit(&plant, &inbound(&large), &AllRights).unwrap();
    gate.admit(&plant, &inbound(b"1"), &AllRights).unwrap();
    assert_eq!(gate.flush(None).unwrap_err().reason, Reason::StorageFull);
}
