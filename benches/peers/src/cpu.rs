//! CPU time of another process, by thread name, from the scheduler's own nanoseconds.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::Duration;

/// Nanoseconds on a CPU so far, by thread name without its trailing number.
pub(crate) fn by_thread(pid: u32) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return sums };
    for task in tasks.flatten() {
        let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        let ran = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let nanos: u64 = ran.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let name = name.trim().trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        *sums.entry(name.to_owned()).or_insert(0) += nanos;
    }
    sums
}

/// Waits until the process has caught up with what it was sent: log, last values and history work
/// on behind the deliveries, and their work belongs to the row.
pub(crate) fn settle(pid: u32) {
    let total = || by_thread(pid).values().sum::<u64>();
    let mut before = total();
    for _ in 0..QUIET_CHECKS_MAX {
        thread::sleep(QUIET_CHECK);
        let now = total();
        if Duration::from_nanos(now - before) < QUIET_CHECK / 20 {
            return;
        }
        before = now;
    }
}

const QUIET_CHECK: Duration = Duration::from_millis(200);
const QUIET_CHECKS_MAX: usize = 100;

/// What each class of threads used between two readings.
pub(crate) fn difference(
    before: &BTreeMap<String, u64>,
    after: &BTreeMap<String, u64>,
) -> BTreeMap<String, u64> {
    let used = |name: &str, now: u64| now.saturating_sub(before.get(name).copied().unwrap_or(0));
    after.iter().map(|(name, now)| (name.clone(), used(name, *now))).collect()
}

/// CPU microseconds of one message: in all, and by thread.
#[derive(Debug, Default)]
pub(crate) struct Cost {
    pub(crate) micros: f64,
    threads: BTreeMap<String, f64>,
}

impl Cost {
    /// More than any.
    pub(crate) fn most() -> Self {
        Self { micros: f64::INFINITY, threads: BTreeMap::new() }
    }

    /// What each of so many messages took a process since an earlier reading.
    pub(crate) fn of(pid: u32, before: &BTreeMap<String, u64>, messages: u64) -> Self {
        let used = difference(before, &by_thread(pid));
        let micros = |nanos: u64| nanos as f64 / 1000.0 / messages as f64;
        let threads: BTreeMap<_, _> =
            used.into_iter().map(|(name, nanos)| (name, micros(nanos))).collect();
        Self { micros: threads.values().sum(), threads }
    }

    /// The threads that took much, with what they took.
    pub(crate) fn by_thread(&self) -> String {
        let much = self.threads.iter().filter(|(_, micros)| **micros >= 0.005);
        let words: Vec<_> = much.map(|(name, micros)| format!("{name} {micros:.2}")).collect();
        words.join(", ")
    }
}
