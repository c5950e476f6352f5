//! Counters of log-ins.

/// The outcomes of log-ins and of changes of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Log-ins that were accepted, including anonymous ones.
    pub accepted: u64,
    /// Log-ins that were refused.
    pub refused: u64,
    /// Log-ins refused without a check after too many failures.
    pub limited: u64,
    /// Changes of the file that took effect.
    pub reloaded: u64,
    /// Changes of the file that could not be used.
    pub reload_failed: u64,
}
