//! A full disk: publishers are told, nothing is acknowledged that is not stored, reads go on, and
//! service resumes by itself once there is space; also after a start on the full disk (R5).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::hub::{Hub, Scratch, within};
use crate::needs;

const MIB: usize = 1 << 20;

/// A small file system of its own, unmounted when it goes.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it and puts the hub's data on it; `None` where that was named as impossible.
    pub(crate) fn below(scratch: &Path) -> Option<Self> {
        let at = scratch.join("disk");
        fs::create_dir_all(&at).expect("the scratch directory takes folders");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=48m", "uns-test"])
            .arg(&at)
            .output()
            .is_ok_and(|output| output.status.success());
        if !needs::have("mount", mounted) {
            return None;
        }
        let data = at.join("data");
        fs::create_dir(&data).and_then(|()| symlink(&data, scratch.join("data"))).expect("a link");
        Some(Self(at))
    }

    /// Takes all space that is left.
    pub(crate) fn fill(&self) {
        let mut ballast = vec![0; MIB];
        for n in 0.. {
            if fs::write(self.0.join(format!("ballast{n}")), &ballast).is_ok() {
                continue;
            }
            if ballast.len() <= 4096 {
                return;
            }
            ballast.truncate(ballast.len() / 4);
        }
    }

    pub(crate) fn free(&self) {
        for entry in fs::read_dir(&self.0).expect("the disk is there").flatten() {
            if entry.file_name().to_string_lossy().starts_with("ballast") {
                fs::remove_file(entry.path()).expect("the ballast can go");
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

fn publish(hub: &Hub, n: u64, text: &str) -> (u16, String) {
    let item = format!(r#"{{"topic":"uns/v1/acme/big","payload":{{"n":{n},"text":"{text}"}}}}"#);
    hub.post("publish", &item)
}

/// Publishes numbered values of 64 KiB until one is refused; which, and with what answer.
fn publish_until_refused(hub: &Hub, from: u64) -> (u64, String) {
    let text = "x".repeat(64 * 1024);
    for n in from..from + 1_000 {
        let (_, body) = publish(hub, n, &text);
        if !body.contains("\"accepted\":true") {
            return (n, body);
        }
    }
    panic!("a disk of 48 MiB took 62 MiB");
}

/// Publishes as much over MQTT; what `mosquitto_pub` said.
fn publish_over_mqtt(hub: &Hub, scratch: &Path) -> String {
    let file = scratch.join("large");
    fs::write(&file, "x".repeat(64 * 1024)).expect("the scratch directory takes files");
    let output = Command::new("mosquitto_pub")
        .args(["-h", "127.0.0.1", "-p", &hub.mqtt.port().to_string(), "-V", "5", "-q", "1"])
        .args(["-t", "uns/v1/acme/mqtt", "-f"])
        .arg(file)
        .output()
        .expect("mosquitto_pub is installed");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn numbers(hub: &Hub) -> Vec<u64> {
    let samples = hub.history("uns/v1/acme/big", "&field=n");
    samples.iter().filter_map(|sample| sample["value"].as_u64()).collect()
}

#[test]
fn a_full_disk_refuses_publishes_and_nothing_else() {
    let scratch = Scratch::new();
    let Some(disk) = SmallDisk::below(scratch.path()) else { return };
    let set = ["log.keep_percent=90"];
    let mut hub = Hub::start_with(scratch.path(), &set);
    publish(&hub, 0, "small");
    disk.fill();
    let (accepted, body) = publish_until_refused(&hub, 1);
    assert!(body.contains("storage_full"), "{body}");
    let said = publish_over_mqtt(&hub, scratch.path());
    assert!(said.contains("Quota exceeded"), "{said}");
    let kept: Vec<u64> = (0..accepted).collect();
    assert_eq!(numbers(&hub), kept, "reads go on, and what was accepted is there");
    let (_, why) = hub.fetch("/readyz");
    assert!(why.contains("full"), "{why}");

    // It starts on the full disk, and serves what it has.
    hub.kill_nine();
    let mut hub = Hub::start_with(scratch.path(), &set);
    assert_eq!(numbers(&hub), kept, "after a start on the full disk");
    let (accepted, body) = publish_until_refused(&hub, accepted);
    assert!(body.contains("storage_full"), "{body}");
    disk.free();
    let freed = Instant::now();
    while !publish(&hub, accepted, "again").1.contains("\"accepted\":true") {
        assert!(freed.elapsed() < within(Duration::from_secs(5)), "space returned 5 s ago");
        std::thread::sleep(Duration::from_millis(50));
    }
    eprintln!("accepting again {:?} after space returned", freed.elapsed());
    hub.kill_nine();
    let hub = Hub::start_with(scratch.path(), &set);
    assert_eq!(numbers(&hub), (0..=accepted).collect::<Vec<_>>());
}
