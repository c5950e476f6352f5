//! Control groups of both versions: which ones this process is in, what they may have, what they use.

use std::fs;
use std::path::{Path, PathBuf};

/// A control group that may limit memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) directory: PathBuf,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// Above this a number says that there is no limit.
const NO_LIMIT: u64 = 1 << 60;

impl Group {
    /// What its processes may have together.
    pub(super) fn limit(&self) -> Option<u64> {
        let files: &[&str] = match self.version {
            Version::One => &["memory.limit_in_bytes"],
            // Beyond `high` processes are slowed down until nothing moves.
            Version::Two => &["memory.max", "memory.high"],
        };
        let limits = files.iter().filter_map(|file| self.number(file));
        limits.filter(|bytes| *bytes < NO_LIMIT).min()
    }

    /// What its processes use that the kernel cannot have again by forgetting: pages of files, and names of
    /// files where the group says how many (version 2).
    pub(super) fn used(&self) -> Option<u64> {
        let (usage, prefix) = match self.version {
            Version::One => ("memory.usage_in_bytes", "total_"),
            Version::Two => ("memory.current", ""),
        };
        let stat = fs::read_to_string(self.directory.join("memory.stat")).ok()?;
        let files = ["inactive_file", "active_file", "slab_reclaimable"]
            .map(|name| field(&stat, prefix, name));
        Some(self.number(usage)?.saturating_sub(files.iter().sum()))
    }

    fn number(&self, file: &str) -> Option<u64> {
        fs::read_to_string(self.directory.join(file)).ok()?.trim().parse().ok()
    }
}

fn field(stat: &str, prefix: &str, name: &str) -> u64 {
    let of = |line: &str| {
        let (key, value) = line.split_once(' ')?;
        (key.strip_prefix(prefix)? == name).then(|| value.parse().ok())?
    };
    stat.lines().find_map(of).unwrap_or(0)
}

/// The groups a process is in, and those around them, as its `cgroup` and `mountinfo` say.
pub(super) fn all(cgroup: &str, mountinfo: &str) -> Vec<Group> {
    let mut all = Vec::new();
    for mount in mountinfo.lines().filter_map(Mount::parse) {
        let own = cgroup.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let (controllers, path) = (parts.next()?, parts.next()?);
            let is_it = match mount.version {
                Version::One => controllers.split(',').any(|name| name == "memory"),
                Version::Two => controllers.is_empty(),
            };
            is_it.then_some(path)
        });
        let Some(own) = own else { continue };
        // In a container the mount may begin at a group whose path is not seen from in here.
        let below = Path::new(own).strip_prefix(mount.root).unwrap_or(Path::new(""));
        // Of an empty path, `join` makes a slash at the end.
        let mut directory = Some(mount.point.join(below).components().collect::<PathBuf>());
        while let Some(one) = directory.filter(|one| one.starts_with(mount.point)) {
            directory = one.parent().map(Path::to_path_buf);
            all.push(Group { directory: one, version: mount.version });
        }
    }
    all
}

struct Mount<'a> {
    root: &'a Path,
    point: &'a Path,
    version: Version,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let mut fields = before.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        let mut kind = after.split(' ');
        let version = match (kind.next()?, kind.nth(1)?) {
            ("cgroup2", _) => Version::Two,
            ("cgroup", options) if options.split(',').any(|one| one == "memory") => Version::One,
            _ => return None,
        };
        Some(Self { root: Path::new(root), point: Path::new(point), version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cgroup: &str, mountinfo: &str, expected: &[(&str, Version)]) {
        let found = all(cgroup, mountinfo);
        let found: Vec<_> =
            found.iter().map(|g| (g.directory.to_str().expect("UTF-8"), g.version)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn groups_of_both_versions_up_to_the_root() {
        check(
            "0::/system.slice/uns.service\n",
            "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
            &[
                ("/sys/fs/cgroup/system.slice/uns.service", Version::Two),
                ("/sys/fs/cgroup/system.slice", Version::Two),
                ("/sys/fs/cgroup", Version::Two),
            ],
        );
        check(
            "9:name=systemd:/\n4:memory,misc:/a\n0::/\n",
            "1 0 0:1 / /proc rw - proc proc rw\n\
             35 32 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
             36 32 0:32 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
            &[("/sys/fs/cgroup/memory/a", Version::One), ("/sys/fs/cgroup/memory", Version::One)],
        );
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        let mount = "35 32 0:31 /docker/1f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
        let root = ("/sys/fs/cgroup/memory", Version::One);
        check("4:memory:/docker/1f\n", mount, &[root]);
        check("4:memory:/docker/1f/x\n", mount, &[("/sys/fs/cgroup/memory/x", Version::One), root]);
        check("4:memory:/elsewhere\n", mount, &[root]);
        check("", "", &[]);
    }

    #[test]
    fn pages_of_files_do_not_count() {
        let stat = "inactive_file 7\ntotal_inactive_file 70\ntotal_active_file 5\n";
        assert_eq!(field(stat, "total_", "inactive_file"), 70);
        assert_eq!(field(stat, "", "inactive_file"), 7);
        assert_eq!(field(stat, "", "active_file"), 0);
    }
}
