//! Publishers that violate a rule and are taken all the same.

use std::sync::Arc;

use uns_model::Timestamp;

/// A publisher whose source times were not believed (NS-25).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClockViolation {
    /// Its client id.
    pub client_id: Arc<str>,
    /// The stable name of what is wrong: `ahead`, `out_of_range` or `set_back`.
    pub fault: &'static str,
    /// How many of its messages named such a time, since the hub started.
    pub messages: u64,
    /// How many nanoseconds its time was from the hub's, the last time: ahead above zero. None where
    /// it could not be read.
    pub offset: Option<i64>,
    /// The farthest that it was.
    pub worst: Option<i64>,
    /// Where it published such a time last.
    pub topic: Option<Arc<str>>,
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
}
