//! Both disks carry a log that passes the fabric's conformance suite.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fabric::{Log, conformance};
use fabric_local::{LocalLog, LogConfig, SystemDisk};
use uns_model::{Sequence, SystemClock, SystemRandom};

use crate::rig::Rig;

pub(crate) fn fresh_dir(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    if dir.exists() {
        std::fs::remove_dir_all(&dir).expect("the test directory can be removed");
    }
    dir
}

fn open_real(dir: &Path) -> Arc<LocalLog> {
    let config = LogConfig { segment_bytes: 1 << 20, ..LogConfig::default() };
    let clock = Arc::new(SystemClock);
    LocalLog::open(Arc::new(SystemDisk), dir, config, clock, &SystemRandom).expect("it opens")
}

#[test]
fn on_the_simulated_disk() {
    conformance::run(&|| Rig::new(1).open() as Arc<dyn Log>);
}

#[test]
fn on_a_real_disk() {
    let dir = fresh_dir("conforms");
    let number = AtomicU64::new(0);
    conformance::run(&|| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        open_real(&dir.join(number.to_string())) as Arc<dyn Log>
    });
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_real_disk_gives_back_what_was_committed() {
    let dir = fresh_dir("reopens");
    let mut expected = Vec::new();
    for round in 0..3u8 {
        let log = open_real(&dir);
        for number in 0..40u8 {
            let payload = vec![number; 60_000];
            let commit = conformance::append(&*log, conformance::batch(&[&payload])).unwrap();
            expected.push((commit.first.0, payload));
        }
        assert_eq!(conformance::drain(&mut *log.tail(Sequence::ZERO)), expected, "round {round}");
        assert!(log.health().segments > 1);
        log.close();
    }
    assert!(open_real(&dir).verify().unwrap().is_empty());
    std::fs::remove_dir_all(&dir).unwrap();
}
