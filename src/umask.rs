//! Files that the hub makes are for its own account, whoever makes them: SQLite names no mode.

use rustix::fs::Mode;
use rustix::process::umask;

/// What the process came with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Umask(Mode);

impl Umask {
    /// From here on new files are for this account alone, and so are new directories.
    pub(crate) fn close() -> Self {
        Self(umask(Mode::RWXG | Mode::RWXO))
    }

    /// What a plain file would have been before.
    pub(crate) fn file_mode(self) -> u32 {
        0o666 & !self.0.bits()
    }
}
