//! A hub in 256 MiB: in a control group of its own, or by its configuration where groups were named
//! as absent.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::hub::{Hub, Scratch};
use crate::needs;

pub(super) const LIMIT: u64 = 256 << 20;

/// A group of processes with a bound on their memory, inside the one this test is in.
#[derive(Debug)]
struct Group(PathBuf);

impl Group {
    /// `None` where this user may not make one.
    fn new() -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let (root, path, limit) = own.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            match (parts.next()?, parts.next()?) {
                ("memory", path) => Some(("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes")),
                ("", path) if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() => {
                    Some(("/sys/fs/cgroup", path, "memory.max"))
                }
                _ => None,
            }
        })?;
        static GROUPS: AtomicU32 = AtomicU32::new(0);
        let nth = GROUPS.fetch_add(1, Ordering::Relaxed);
        let name = format!("uns-test-{}-{nth}", std::process::id());
        let group = Path::new(root).join(path.trim_start_matches('/')).join(name);
        fs::create_dir(&group).ok()?;
        let group = Self(group);
        fs::write(group.0.join(limit), LIMIT.to_string()).ok()?;
        let enters = Command::new("sh").args(["-c", &group.enter(), "true"]).status();
        enters.is_ok_and(|status| status.success()).then_some(group)
    }

    /// What a shell runs to go on as another program in this group.
    fn enter(&self) -> String {
        format!("echo $$ > {}/cgroup.procs && exec \"$0\" \"$@\"", self.0.display())
    }

    /// The most its processes ever had, pages of files included.
    fn most(&self) -> Option<u64> {
        let files = ["memory.max_usage_in_bytes", "memory.peak"];
        let text = files.iter().find_map(|file| fs::read_to_string(self.0.join(file)).ok())?;
        text.trim().parse().ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        drop(fs::remove_dir(&self.0));
    }
}

/// A hub with the defaults and little memory.
#[derive(Debug)]
pub(super) struct SmallHub {
    pub(super) hub: Hub,
    group: Option<Group>,
    _scratch: Scratch,
}

impl SmallHub {
    pub(super) fn start() -> Self {
        let scratch = Scratch::new();
        let group = Group::new();
        needs::have("cgroup", group.is_some());
        let hub = match &group {
            Some(group) => {
                Hub::start_under_with(scratch.path(), &["sh", "-c", &group.enter()], &[])
            }
            None => Hub::start_with(scratch.path(), &["memory.max=192MiB"]),
        };
        Self { hub, group, _scratch: scratch }
    }

    /// It lives, and has less than it may.
    pub(super) fn check_memory(&self, attack: &str) {
        let (own, (now, most)) = (self.hub.own_memory(), self.hub.memory());
        let group = self.group.as_ref().and_then(Group::most);
        eprintln!(
            "R18 {attack}: {own} bytes of its own, with pages of files {now}, {most} at most; \
             the group {group:?}"
        );
        // Pages of the binary count, whoever read them first: a debug build has many.
        assert!(own < LIMIT, "{attack}: {own} bytes");
    }

    /// `uns_memory_level`.
    pub(super) fn level(&self) -> u64 {
        self.hub.counted("uns_memory_level ")
    }
}
