//! The memory of the whole process (R18): how much it may have, how much it has, and who is told when
//! that gets close. Parts have limits of their own; this is about their sum.

mod group;
mod levels;
mod limit;
mod proc_file;
mod usage;
mod watch;

use std::ffi::{c_int, c_ulong};

use limit::Limit;
pub(crate) use limit::find;
pub(crate) use watch::{MemoryFigures, Parties, Watch};

#[expect(unsafe_code, reason = "the allocator and the C library have no safe binding of these")]
unsafe extern "C" {
    /// mimalloc is the allocator of this binary.
    safe fn mi_collect(force: bool);
    #[cfg(target_os = "linux")]
    safe fn prctl(option: c_int, on: c_ulong, _: c_ulong, _: c_ulong, _: c_ulong) -> c_int;
}

/// Has the allocator return to the system what the calling thread does not use.
pub(crate) fn give_back() {
    mi_collect(true);
}

/// Below this much memory, pages of 2 MiB hold more that nobody uses than they are worth: 23 MB of
/// retained messages were measured to take 200 MB.
const HUGE_PAGES_FROM: u64 = 2 << 30;

/// Has the kernel give this process small pages only, where memory is little.
pub(crate) fn avoid_huge_pages(limit: Option<&Limit>) {
    #[cfg(target_os = "linux")]
    if limit.is_some_and(|limit| limit.bytes < HUGE_PAGES_FROM) {
        const PR_SET_THP_DISABLE: c_int = 41;
        if prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0 {
            tracing::debug!("huge pages stay as they are");
        }
    }
    #[cfg(not(target_os = "linux"))]
    drop((limit, HUGE_PAGES_FROM));
}
