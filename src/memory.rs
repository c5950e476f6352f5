//! The memory of the whole process (R18): how much it may have, how much it has, and who is told when
//! that gets close. Parts have limits of their own; this is about their sum.

mod give_back;
mod group;
mod growth;
mod levels;
mod limit;
mod proc_file;
mod usage;
mod watch;

use std::ffi::{c_int, c_ulong};

pub(crate) use give_back::{give_back, give_back_if_asked};
pub(crate) use limit::find;
pub(crate) use watch::{MemoryFigures, Parties, Watch};

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the C library has no safe binding of this")]
unsafe extern "C" {
    safe fn prctl(option: c_int, on: c_ulong, _: c_ulong, _: c_ulong, _: c_ulong) -> c_int;
}

/// Has the kernel give this process pages of 4 KiB only. In one of 2 MiB much lies that nobody uses any
/// more: 23 MB of retained messages were measured to take 200 MB, and a hub without any topic 29 MB
/// instead of 10. Publishes among a million topics were measured to be no slower without them.
pub(crate) fn avoid_huge_pages() {
    #[cfg(target_os = "linux")]
    {
        const PR_SET_THP_DISABLE: c_int = 41;
        // Where the kernel knows no such thing, nothing is lost.
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    }
}
