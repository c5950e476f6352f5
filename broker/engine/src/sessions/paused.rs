//! Publishers from whom nothing is read for a while: until there is room again, or until their rate
//! allows more.

use std::time::Duration;

use super::Sessions;
use crate::key::Key;

impl<N> Sessions<N> {
    /// Nothing is read from a connection until there is room again.
    pub(crate) fn pause(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.paused = true;
            self.paused.push(key);
        }
    }

    /// Nothing is read from a connection before this time.
    pub(crate) fn throttle(&mut self, key: Key, until: Duration) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.paused = true;
            self.throttled.push((until, key));
        }
    }

    /// The paused may try again.
    pub(crate) fn allow_resume(&mut self) {
        self.may_resume = true;
    }

    /// The same where somebody is paused.
    pub(crate) fn allow_resume_if_paused(&mut self) {
        self.may_resume |= !self.paused.is_empty();
    }

    /// Those of the paused that are to be read again.
    pub(crate) fn resume(&mut self, resumed: &mut Vec<Key>) {
        if !std::mem::take(&mut self.may_resume) {
            return;
        }
        for key in std::mem::take(&mut self.paused) {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.paused = false;
                resumed.push(key);
            }
        }
    }

    /// Whether somebody waits for time to pass.
    pub(crate) fn is_any_throttled(&self) -> bool {
        !self.throttled.is_empty()
    }

    /// Those whose rate allows more by now.
    pub(crate) fn release_throttled(&mut self, now: Duration, resumed: &mut Vec<Key>) {
        let connections = &mut self.connections;
        self.throttled.retain(|(until, key)| {
            let due = now >= *until;
            if due && let Some(connection) = connections.get_mut(*key) {
                connection.paused = false;
                resumed.push(*key);
            }
            !due
        });
    }
}
