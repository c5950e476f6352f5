//! Connected clients whose wills the log did not take when they came: a crash would lose these wills, so
//! the log is told of them again. Clients with a lasting session are sent away instead.

use std::time::Duration;

use crate::key::Key;

/// How often the log is told again.
const AGAIN: Duration = Duration::from_secs(1);

/// The connections, of which there are no more than there are connections.
#[derive(Debug, Default)]
pub(crate) struct UnloggedWills {
    keys: Vec<Key>,
    next: Duration,
}

impl UnloggedWills {
    /// The log did not take the will of this connection.
    pub(crate) fn push(&mut self, key: Key) {
        self.keys.push(key);
    }

    /// Those to tell the log of now: one while it takes nothing, to find out.
    pub(crate) fn take_due(&mut self, now: Duration, is_failing: bool) -> Vec<Key> {
        if self.keys.is_empty() || now < self.next {
            return Vec::new();
        }
        self.next = now + AGAIN;
        let count = if is_failing { 1 } else { self.keys.len() };
        self.keys.drain(..count).collect()
    }
}
