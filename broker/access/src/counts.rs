//! Figures of log-ins.

/// How log-ins and changes of the file went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Log-ins that were let in, those without a credential included.
    pub accepted: u64,
    /// Log-ins that were refused.
    pub refused: u64,
    /// Log-ins turned away unseen after too many failures.
    pub limited: u64,
    /// Changes of the file that took effect.
    pub reloaded: u64,
    /// Changes of the file that could not be used.
    pub reload_failed: u64,
}
