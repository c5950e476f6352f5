//! How much memory the process has that only itself can give back. Pages of files are the kernel's
//! to forget and do not count.

use std::fs;
use std::time::Duration;

use super::limit::{Limit, Source};
use super::proc_file::kib;

/// Looks at the process, and now and then at the group whose limit counts.
#[derive(Debug)]
pub(super) struct Usage {
    limit: Limit,
    /// What others in the group and the kernel have for it, such as buffers of sockets.
    beside: u64,
    /// When that was looked at.
    looked: Option<Duration>,
}

impl Usage {
    pub(super) fn new(limit: Limit) -> Self {
        Self { limit, beside: 0, looked: None }
    }

    /// In bytes; `None` where the system does not say.
    pub(super) fn now(&mut self, now: Duration) -> Option<u64> {
        /// The kernel adds up a group's figures, which takes longer.
        const GROUP_EVERY: Duration = Duration::from_millis(500);
        let own = kib(&fs::read_to_string("/proc/self/status").ok()?, "RssAnon:")?;
        if let Source::Group(group) = &self.limit.source
            && self.looked.is_none_or(|at| now.saturating_sub(at) >= GROUP_EVERY)
        {
            self.looked = Some(now);
            self.beside = group.used().map_or(0, |used| used.saturating_sub(own));
        }
        Some(own + self.beside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_some() {
        let limit = Limit { bytes: 1 << 30, source: Source::Machine };
        let used = Usage::new(limit).now(Duration::ZERO).expect("Linux says so");
        assert!((1 << 16..1 << 34).contains(&used), "{used}");
    }
}
