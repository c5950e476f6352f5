//! A data directory is versioned, locked, and never taken from somebody else.

use std::fs;
use std::time::Duration;

use fabric::Stream;
use fabric_local::{DataDir, Error};

use crate::conforms::fresh_dir;

#[test]
fn one_owner_at_a_time() {
    let path = fresh_dir("owner").join("deep/below");
    let first = DataDir::open(&path).unwrap();
    assert_eq!(first.stream(Stream::Data), path.join("streams/data"));
    let error = DataDir::open(&path).unwrap_err();
    assert!(matches!(error, Error::InUse { pid: Some(pid), .. } if pid == std::process::id()));
    assert!(error.to_string().ends_with(&format!("in use by process {}", std::process::id())));
    // A killed hub is started again at once, while the kernel still takes the old one apart.
    let leaving = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        drop(first);
    });
    DataDir::open(&path).unwrap();
    leaving.join().unwrap();
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
