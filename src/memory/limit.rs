//! How much memory the process may have: what the configuration says, else the least of what the
//! machine has and what the groups it is in may have, minus a reserve.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use super::group::{self, Group};
use crate::config::MemoryMax;

/// What is left to the kernel and to what grows between two looks: a quarter, within bounds.
const RESERVE: (u64, u64) = (16 << 20, 512 << 20);

/// How much there is, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// What the hub keeps below.
    pub(crate) bytes: u64,
    pub(crate) source: Source,
}

/// Who limits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Configured,
    Machine,
    /// A control group, whose other processes count as well.
    Group(Group),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configured => f.write_str("memory.max"),
            Self::Machine => f.write_str("the machine"),
            Self::Group(group) => write!(f, "the control group {}", group.directory.display()),
        }
    }
}

/// The limit of this process; `None` where nobody is to look, or the system does not say.
pub(crate) fn find(configured: MemoryMax) -> Option<Limit> {
    match configured {
        MemoryMax::Off => None,
        MemoryMax::Bytes(size) => {
            Some(Limit { bytes: size.as_usize() as u64, source: Source::Configured })
        }
        MemoryMax::Auto => {
            let machine = meminfo().map(|bytes| (bytes, Source::Machine));
            let groups = own_groups().into_iter();
            let groups = groups.filter_map(|group| Some((group.limit()?, Source::Group(group))));
            let least = machine.into_iter().chain(groups).min_by_key(|(bytes, _)| *bytes);
            least.map(|(bytes, source)| Limit { bytes: without_reserve(bytes), source })
        }
    }
}

fn without_reserve(bytes: u64) -> u64 {
    bytes.saturating_sub((bytes / 4).clamp(RESERVE.0, RESERVE.1))
}

fn meminfo() -> Option<u64> {
    super::proc_file::kib(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

fn own_groups() -> Vec<Group> {
    let read = |path: &str| fs::read_to_string(PathBuf::from(path)).unwrap_or_default();
    group::all(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ByteSize;

    #[test]
    fn a_reserve_is_left_to_the_kernel() {
        assert_eq!(without_reserve(256 << 20), 192 << 20);
        assert_eq!(without_reserve(64 << 20), 48 << 20);
        assert_eq!(without_reserve(64 << 30), (64 << 30) - (512 << 20));
        assert_eq!(without_reserve(1 << 20), 0);
    }

    #[test]
    fn what_is_configured_counts_as_it_is() {
        let size = MemoryMax::Bytes(ByteSize::mib(300));
        let limit = Limit { bytes: 300 << 20, source: Source::Configured };
        assert_eq!(find(size), Some(limit));
        assert_eq!(find(MemoryMax::Off), None);
        let auto = find(MemoryMax::Auto);
        assert_eq!(auto.is_some(), cfg!(target_os = "linux"), "{auto:?}");
    }
}
