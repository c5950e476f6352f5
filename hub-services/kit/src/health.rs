//! Health: named checks whose findings make `/readyz` answer 503, and notices that do not.

/// Something that can be wrong while the process lives. Must answer at once.
pub trait HealthCheck: Send + Sync {
    /// What is checked: `log`, `historian`, `disk`.
    fn name(&self) -> &'static str;

    /// What is wrong now; empty when all is well.
    fn faults(&self) -> Vec<Fault>;

    /// What somebody should look into although all is well: it is shown and takes nobody out of
    /// service.
    fn notices(&self) -> Vec<Fault> {
        Vec::new()
    }
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Stable name: `log_damaged`, `read_only`, `historian_lag`.
    pub reason: &'static str,
    /// For a person: since when, how much, what to do.
    pub detail: String,
}
