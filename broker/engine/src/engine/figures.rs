//! What is counted of connections: how they end, what waits for them.

use super::Engine;
use crate::gate::Gate;
use crate::key::Key;
use crate::pressure::Pressure;
use crate::stats::End;

impl<G: Gate> Engine<G> {
    /// How short memory is, as this core saw it last.
    pub fn pressure(&self) -> Pressure {
        self.pressure
    }

    /// Counts the end of a connection, the first time it is counted.
    pub(super) fn count_end(&mut self, key: Key, cause: End) {
        if let Some(connection) = self.sessions.get(key) {
            connection.count_end(cause, &mut self.stats);
        }
    }

    /// Adds up what waits for the clients of this core.
    pub(super) fn gauge(&mut self) {
        self.outbound.gauge();
        let stats = &mut self.stats;
        (stats.sessions_connected, stats.paused) = (0, 0);
        for (_, connection) in self.sessions.iter() {
            stats.sessions_connected += u64::from(connection.durable_session().is_some());
            stats.paused += u64::from(connection.paused);
        }
    }
}
