//! The disk below the data directory: how much is free, of which kind it is, how long a sync takes.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{fdatasync, statfs, statvfs};
use uns_model::{Clock as _, SystemClock};

use super::Finding;
use super::directory::existing;

const AREA: &str = "disk";

/// A start allocates two segments of the log; with less it serves what it has and takes nothing.
const FREE_MIN: u64 = 160 << 20;
/// What a plant of the demo's size wants.
const FREE_WANTED: u64 = 1 << 30;
/// Above this every acknowledgement is felt.
const SYNC_WANTED: Duration = Duration::from_millis(20);
const SYNCS: usize = 15;
/// What one commit writes at least.
const SYNC_BYTES: usize = 4096;

/// Kinds of file systems, as statfs(2) numbers them.
const TMPFS: u64 = 0x0102_1994;
const NFS: u64 = 0x6969;

/// Looks at the file system a directory is on, or would be.
pub(super) fn examine(data: &Path) -> Vec<Finding> {
    let place = existing(data);
    let mut findings = vec![space(&place)];
    findings.extend(kind(&place));
    findings.push(match sync_time(&place) {
        Ok(median) => judge_sync(median),
        Err(error) => Finding::failed(
            AREA,
            format!("nothing can be written to {}: {error}", place.display()),
            "mount it for writing, free space, or give this user the right",
        ),
    });
    findings
}

fn space(place: &Path) -> Finding {
    let shown = place.display();
    let stat = match statvfs(place) {
        Ok(stat) => stat,
        Err(error) => {
            let found = format!("the file system of {shown} does not tell its size: {error}");
            return Finding::warning(AREA, found, "look at `df` by hand");
        }
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let percent = free * 100 / stat.f_blocks.saturating_mul(stat.f_frsize).max(1);
    let found = format!("{} MiB free on the disk of {shown} ({percent} %)", free >> 20);
    let remedy = "free space, or move the data directory (--data) to a larger disk; log.keep and \
                  log.keep_percent bound what the log keeps";
    if free < FREE_MIN {
        return Finding::failed(AREA, format!("{found}: too little to take new values"), remedy);
    }
    if stat.f_files > 0 && stat.f_favail < 1_000 {
        let found = format!("{found}, but only {} more files can be made", stat.f_favail);
        return Finding::warning(
            AREA,
            found,
            "remove files, or use a file system with more inodes",
        );
    }
    if free < FREE_WANTED || percent < 5 {
        return Finding::warning(AREA, found, remedy);
    }
    Finding::ok(AREA, found)
}

fn kind(place: &Path) -> Option<Finding> {
    let kind = u64::try_from(statfs(place).ok()?.f_type).ok()?;
    let shown = place.display();
    match kind {
        TMPFS => Some(Finding::warning(
            AREA,
            format!("{shown} is in memory (tmpfs): a restart of the machine takes everything"),
            "name a directory on a disk with --data",
        )),
        NFS => Some(Finding::warning(
            AREA,
            format!("{shown} is on another machine (NFS): a lost connection stops every commit"),
            "name a directory on a disk of this machine with --data",
        )),
        _ => None,
    }
}

fn judge_sync(median: Duration) -> Finding {
    let found = format!("a sync of 4 KiB takes {:.1} ms", median.as_secs_f64() * 1000.0);
    if median < SYNC_WANTED {
        return Finding::ok(AREA, found);
    }
    Finding::warning(
        AREA,
        format!("{found}: every acknowledgement waits so long"),
        "use a faster disk; mqtt.durability=interval acknowledges before the sync, and a power cut \
         then takes the last milliseconds",
    )
}

/// A file of our own that goes again, whatever happens.
struct Probe(PathBuf);

impl Drop for Probe {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

/// The median of some syncs, as the log does them.
fn sync_time(place: &Path) -> io::Result<Duration> {
    let path = place.join(format!(".uns-doctor-{}", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
    // Only once it is made: a file somebody else has left under that name stays.
    let _probe = Probe(path);
    let mut times = Vec::new();
    for _ in 0..SYNCS {
        file.write_all(&[0; SYNC_BYTES])?;
        let began = SystemClock.monotonic();
        fdatasync(&file)?;
        times.push(SystemClock.monotonic().saturating_sub(began));
    }
    times.sort();
    Ok(times[SYNCS / 2])
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_probe_leaves_nothing_behind() {
        let place = std::env::temp_dir().join(format!("uns-doctor-test-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        sync_time(&place).unwrap();
        assert_eq!(fs::read_dir(&place).unwrap().count(), 0);
        let of_others = place.join(format!(".uns-doctor-{}", std::process::id()));
        fs::write(&of_others, "of somebody else").unwrap();
        sync_time(&place).unwrap_err();
        assert_eq!(
            fs::read(&of_others).unwrap(),
            b"of somebody else",
            "it takes away its own only"
        );
        fs::remove_dir_all(&place).unwrap();
        let gone = examine(&place.join("not/there/yet"));
        assert!(gone.iter().all(|one| one.verdict != Verdict::Failed), "{gone:?}");
    }

    #[test]
    fn a_slow_disk_is_told_with_what_it_costs() {
        assert_eq!(judge_sync(Duration::from_micros(400)).verdict, Verdict::Ok);
        let slow = judge_sync(Duration::from_millis(35));
        assert_eq!(slow.verdict, Verdict::Warning);
        assert!(slow.found.contains("35.0 ms") && slow.remedy.unwrap().contains("durability"));
    }
}
