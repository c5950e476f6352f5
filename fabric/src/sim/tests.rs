//! The simulated disk is as bad as it says, and not worse.

use std::path::Path;
use std::sync::Arc;

use super::{Hook, HookedDisk, Operation, SimDisk, SimLog, Verdict};
use crate::{Disk, Log, conformance};

const FILE: &str = "/d/file";

#[test]
fn the_log_in_memory_conforms() {
    conformance::run(&|| Arc::new(SimLog::new()) as Arc<dyn Log>);
}

#[test]
fn synced_bytes_and_names_survive() {
    for seed in 0..100 {
        let disk = SimDisk::new(seed, 1 << 20);
        disk.write_atomic(Path::new(FILE), b"old").unwrap();
        disk.power_off_in(seed % 6);
        let written = disk.write_atomic(Path::new(FILE), &[7; 2000]);
        disk.crash();
        let bytes = disk.read(Path::new(FILE)).unwrap();
        assert!(bytes == [7; 2000] || (written.is_err() && bytes == b"old"), "seed {seed}");
    }
}

#[test]
fn unsynced_bytes_are_torn_and_lost() {
    let (mut lost, mut torn, mut kept) = (0, 0, 0);
    for seed in 0..200 {
        let disk = SimDisk::new(seed, 1 << 20);
        let file = disk.create(Path::new(FILE)).unwrap();
        file.allocate(4096).unwrap();
        file.sync_data().unwrap();
        disk.sync_dir(Path::new("/d")).unwrap();
        file.write_all_at(&[1; 4096], 0).unwrap();
        disk.crash();
        assert!(file.read_at(&mut [0], 0).is_err(), "handles do not survive a crash");
        let bytes = disk.read(Path::new(FILE)).unwrap();
        match bytes.iter().filter(|byte| **byte == 1).count() {
            0 => lost += 1,
            4096 => kept += 1,
            _ => torn += 1,
        }
    }
    assert!(lost > 10 && torn > 10 && kept > 10, "{lost} {torn} {kept}");
}

#[test]
fn names_need_a_synced_directory() {
    let missing = (0..100).filter(|seed| {
        let disk = SimDisk::new(*seed, 1 << 20);
        let file = disk.create(Path::new(FILE)).unwrap();
        file.write_all_at(b"x", 0).unwrap();
        file.sync_data().unwrap();
        disk.crash();
        disk.open(Path::new(FILE)).is_err()
    });
    assert!((20..80).contains(&missing.count()));
}

#[test]
fn a_failed_sync_is_never_made_good_by_the_next() {
    let lost = (0..100).filter(|seed| {
        let disk = SimDisk::new(*seed, 1 << 20);
        let file = disk.create(Path::new(FILE)).unwrap();
        file.allocate(512).unwrap();
        file.sync_data().unwrap();
        disk.sync_dir(Path::new("/d")).unwrap();
        file.write_all_at(b"x", 0).unwrap();
        disk.fail_sync_in(0);
        file.sync_data().unwrap_err();
        file.sync_data().unwrap();
        assert_eq!(disk.read(Path::new(FILE)).unwrap()[0], b'x', "the cache still shows it");
        disk.crash();
        disk.read(Path::new(FILE)).unwrap()[0] == 0
    });
    assert!((20..80).contains(&lost.count()));
}

#[test]
fn a_full_disk_says_so() {
    let disk = SimDisk::new(1, 1000);
    let file = disk.create(Path::new(FILE)).unwrap();
    let full = std::io::ErrorKind::StorageFull;
    assert_eq!(file.allocate(2000).unwrap_err().kind(), full);
    assert_eq!(file.write_all_at(&[0; 2000], 0).unwrap_err().kind(), full);
    disk.set_capacity(4000);
    file.allocate(2000).unwrap();
    assert_eq!(disk.space(Path::new("/")).unwrap().free, 2000);
}

/// Notes what it sees; leaves out what is synced.
#[derive(Debug, Default)]
struct Noting(std::sync::Mutex<Vec<String>>);

impl Hook for Noting {
    fn before(&self, operation: Operation<'_>) -> std::io::Result<Verdict> {
        self.0.lock().unwrap().push(format!("{operation:?}"));
        match operation {
            Operation::SyncFile | Operation::SyncDir(_) => Ok(Verdict::LeaveOut),
            Operation::Remove(_) => Err(std::io::ErrorKind::PermissionDenied.into()),
            _ => Ok(Verdict::Do),
        }
    }
}

#[test]
fn a_hook_sees_what_comes_next_and_may_refuse_it_or_leave_it_out() {
    let disk = SimDisk::new(1, 1 << 20);
    let hooked = HookedDisk::new(Arc::new(disk.clone()), Arc::new(Noting::default()));
    let path = Path::new("/d/f");
    hooked.write_atomic(path, b"abc").unwrap();
    assert_eq!(hooked.read(path).unwrap(), b"abc");
    assert!(hooked.remove(path).is_err());
    let seen = hooked.hook().0.lock().unwrap().clone();
    let rename = r#"Rename { from: "/d/f.tmp", to: "/d/f" }"#;
    let expected = [r#"Create("/d/f.tmp")"#, "Write(3)", "SyncFile", rename, r#"SyncDir("/d")"#];
    let then = [r#"Open("/d/f")"#, r#"Remove("/d/f")"#];
    assert_eq!(seen, [&expected[..], &then[..]].concat());
}

#[test]
fn what_a_hook_leaves_out_is_said_to_be_done_and_is_not() {
    let lost = (0..20).filter(|seed| {
        let disk = SimDisk::new(*seed, 1 << 20);
        let hooked = HookedDisk::new(Arc::new(disk.clone()), Arc::new(Noting::default()));
        hooked.write_atomic(Path::new(FILE), b"abc").unwrap();
        disk.crash();
        disk.read(Path::new(FILE)).ok().as_deref() != Some(&b"abc"[..])
    });
    assert!(lost.count() > 0, "nothing was synced");
}
