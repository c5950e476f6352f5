//! A data directory is versioned, locked, and never taken from somebody else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use fabric::conformance::{append, batch, drain};
use fabric::{Log, Stream};
use fabric_local::{DataDir, Error, LocalLog, LogConfig, SystemDisk};
use uns_model::{SeededRandom, Sequence, SystemClock};

use crate::conforms::fresh_dir;

#[test]
fn one_owner_at_a_time() {
    let path = fresh_dir("owner").join("deep/below");
    let first = DataDir::open(&path).unwrap();
    assert_eq!(first.stream(Stream::Data), path.join("streams/data"));
    let error = DataDir::open(&path).unwrap_err();
    assert!(matches!(error, Error::InUse { pid: Some(pid), .. } if pid == std::process::id()));
    let said = error.to_string();
    assert!(said.contains(&format!("in use by process {};", std::process::id())), "{said}");
    // A killed hub is started again at once, while the kernel still takes the old one apart.
    let leaving = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        drop(first);
    });
    DataDir::open(&path).unwrap();
    leaving.join().unwrap();
}

#[test]
fn without_its_lock_file_it_still_has_an_owner() {
    let path = fresh_dir("unlocked");
    let first = DataDir::open(&path).unwrap();
    fs::remove_file(path.join("LOCK")).unwrap();
    let error = DataDir::open(&path).unwrap_err();
    assert!(matches!(error, Error::InUse { pid: Some(pid), .. } if pid == std::process::id()));
    assert!(!path.join("LOCK").exists(), "who is refused leaves nothing behind");
    drop(first);
    DataDir::open(&path).unwrap();
}

#[test]
fn a_log_in_use_is_neither_read_nor_cut() {
    let path = fresh_dir("log-in-use");
    let open = |path: &std::path::Path| {
        let config = LogConfig { segment_bytes: 1 << 20, ..LogConfig::default() };
        let clock = Arc::new(SystemClock);
        LocalLog::open(Arc::new(SystemDisk), path, config, clock, &SeededRandom::new(1))
    };
    let log = open(&path).unwrap();
    append(&*log, batch(&[b"a"])).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "the directory: {error}");
    // The same files under another name, as a copy with hard links has them.
    let copy = fresh_dir("log-in-use-linked");
    fs::create_dir_all(&copy).unwrap();
    for entry in fs::read_dir(&path).unwrap() {
        let name = entry.unwrap().file_name();
        fs::hard_link(path.join(&name), copy.join(&name)).unwrap();
    }
    let error = open(&copy).unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "the segment: {error}");
    append(&*log, batch(&[b"b"])).unwrap();
    drop(log);
    let log = open(&path).unwrap();
    assert_eq!(drain(&mut *log.tail(Sequence::ZERO)).len(), 2);
}

#[test]
fn nothing_in_it_is_for_others() {
    let path = fresh_dir("private");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    drop(DataDir::open(&path).unwrap());
    assert_eq!(mode(&path), 0o700);
    for file in ["LOCK", "VERSION"] {
        assert_eq!(mode(&path.join(file)), 0o600, "{file}");
    }
    // As an older release, or a copy, has left it.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(path.join("VERSION"), fs::Permissions::from_mode(0o644)).unwrap();
    drop(DataDir::open(&path).unwrap());
    assert_eq!((mode(&path), mode(&path.join("VERSION"))), (0o700, 0o600));
}

#[test]
fn a_newer_one_is_refused_by_name() {
    let path = fresh_dir("newer");
    drop(DataDir::open(&path).unwrap());
    let line = "uns data directory, format 2";
    let text = format!("{line} #{:08x}\n", crc32fast::hash(line.as_bytes()));
    fs::write(path.join("VERSION"), text).unwrap();
    let error = DataDir::open(&path).unwrap_err();
    assert!(matches!(error, Error::NewerFormat { found: 2, supported: 1, .. }), "{error}");
}

#[test]
fn a_directory_of_format_1_is_opened() {
    let path = fresh_dir("format-1");
    fs::create_dir_all(&path).unwrap();
    // As the first release wrote it.
    let version = "uns data directory, format 1 #5ddb1de4\n".repeat(3);
    fs::write(path.join("VERSION"), &version).unwrap();
    drop(DataDir::open(&path).unwrap());
    assert_eq!(fs::read_to_string(path.join("VERSION")).unwrap(), version);
}

#[test]
fn any_flipped_bit_of_the_version_is_survived() {
    let path = fresh_dir("version");
    drop(DataDir::open(&path).unwrap());
    let version = path.join("VERSION");
    let good = fs::read(&version).unwrap();
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&version, bytes).unwrap();
        DataDir::open(&path).unwrap();
        assert_eq!(fs::read(&version).unwrap(), good, "the next flip finds it whole again");
    }
    fs::write(&version, "nonsense").unwrap();
    assert!(matches!(DataDir::open(&path), Err(Error::VersionUnreadable { .. })));
}

#[test]
fn a_foreign_directory_is_left_alone() {
    let path = fresh_dir("foreign");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("photos.zip"), "x").unwrap();
    assert!(matches!(DataDir::open(&path), Err(Error::NotOurs { .. })));
    assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
}
