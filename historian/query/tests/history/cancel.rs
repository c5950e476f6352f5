//! A query ends when nobody waits for its answer any more, and frees its turn.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use fabric::Disk;
use fabric::sim::{Hook, HookedDisk, Operation, SimDisk, Verdict};
use historian_query::Config as QueryConfig;
use historian_store::Config;
use uns_model::query::HistoryQuery;

use crate::rig::{DAY, MS, Rig, raw};

/// Opening history files waits at a gate.
#[derive(Debug)]
pub(crate) struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    waiting: AtomicUsize,
    /// Which files were opened, in this order.
    pub(crate) opened_files: Mutex<Vec<PathBuf>>,
}

impl Gate {
    /// An open gate.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            is_open: Mutex::new(true),
            opened: Condvar::new(),
            waiting: AtomicUsize::new(0),
            opened_files: Mutex::default(),
        })
    }

    /// A disk behind it.
    pub(crate) fn in_front_of(self: &Arc<Self>, disk: &SimDisk) -> Arc<dyn Disk> {
        Arc::new(HookedDisk::new(Arc::new(disk.clone()), Arc::clone(self)))
    }

    fn set_open(&self, open: bool) {
        *self.is_open.lock().expect("no panic") = open;
        self.opened.notify_all();
    }
}

impl Hook for Gate {
    fn before(&self, operation: Operation<'_>) -> io::Result<Verdict> {
        if let Operation::Open(path) = operation {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            let mut open = self.is_open.lock().expect("no panic");
            while !*open {
                open = self.opened.wait(open).expect("no panic");
            }
            drop(open);
            self.opened_files.lock().expect("no panic").push(path.to_owned());
        }
        Ok(Verdict::Do)
    }
}

const FILES: usize = 40;

fn gated() -> (Rig, Arc<Gate>) {
    let mut rig = Rig::new(&Config::default());
    rig.stop();
    let gate = Gate::new();
    rig.front = Some(gate.in_front_of(&rig.disk));
    rig.query_config = QueryConfig { concurrent_max: 1, ..QueryConfig::default() };
    rig.start();
    (rig, gate)
}

/// Gives up one query in its first read; there is one turn, so the next one answers once the first
/// one has ended.
fn reads_for_nobody_end(rig: &Rig, gate: &Gate, (given_up, next): (HistoryQuery, HistoryQuery)) {
    assert_eq!(rig.files().len(), FILES);
    gate.set_open(false);
    gate.opened_files.lock().expect("no panic").clear();
    let waiting = gate.waiting.load(Ordering::SeqCst);
    let query = rig.query();
    rig.runtime.block_on(async {
        let reading = tokio::spawn(async move { query.history(given_up).await.map(drop) });
        let begun = async {
            while gate.waiting.load(Ordering::SeqCst) == waiting {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), begun).await.expect("a read that begins");
        reading.abort();
        assert!(reading.await.expect_err("aborted").is_cancelled());
    });
    gate.set_open(true);
    assert_eq!(rig.ask(next).expect("a turn").samples.len(), 1);
    let opened = gate.opened_files.lock().expect("no panic").clone();
    let opened = opened.into_iter().collect::<HashSet<_>>().len();
    assert!(opened <= 2, "{opened} of {FILES} files were opened, most of them for nobody");
}

#[test]
fn a_query_whose_client_is_gone_stops_reading_and_frees_its_turn() {
    let (mut rig, gate) = gated();
    let node = rig.mint("a");
    for hour in 0..FILES {
        let time = DAY / MS - i64::try_from(hour).expect("few") * 3_600_000;
        rig.publish(node, &format!("{{\"value\":{hour},\"timestamp\":{time}}}"));
    }
    rig.flush();
    let newest = HistoryQuery { limit: 1, start: uns_model::Timestamp(DAY), ..raw("a") };
    reads_for_nobody_end(&rig, &gate, (raw("a"), newest));
}

#[test]
fn looking_for_what_was_before_a_window_stops_too() {
    let (mut rig, gate) = gated();
    let (before, node, behind) = (rig.mint("before"), rig.mint("a"), rig.mint("behind"));
    rig.publish(before, "0");
    rig.publish(node, "{\"error\":\"E12\"}");
    rig.publish(node, "4");
    for _ in 1..FILES {
        rig.flush();
        rig.publish(before, "1");
        rig.publish(behind, "1");
    }
    rig.flush();
    let start = uns_model::Timestamp(rig.now());
    let window = HistoryQuery { field: Some("error".into()), start, ..raw("a") };
    rig.publish(node, "5");
    let newest = HistoryQuery { start, ..raw("a") };
    reads_for_nobody_end(&rig, &gate, (window, newest));
}
