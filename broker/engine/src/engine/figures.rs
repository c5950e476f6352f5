//! What is counted of connections: how they end, what waits for them.

use super::Engine;
use crate::gate::Gate;
use crate::key::Key;
use crate::pressure::Pressure;
use crate::sessions::phase::Phase;
use crate::stats::End;

impl<G: Gate> Engine<G> {
    /// How short memory is, as this core saw it last.
    pub fn pressure(&self) -> Pressure {
        self.pressure
    }

    /// Counts the end of a connection, the first time it is counted.
    pub(super) fn count_end(&mut self, key: Key, cause: End) {
        let stats = &mut self.stats;
        match self.sessions.get(key).map(|connection| &connection.phase) {
            Some(Phase::Claiming(_) | Phase::Confirming(_) | Phase::Up) => {
                stats.ended[cause as usize] += 1;
            }
            Some(Phase::Closing { .. }) | None => {}
            // A socket that is gone before CONNECT was nobody's connection.
            Some(_) if cause == End::Lost => {}
            Some(_) => stats.refused[cause as usize] += 1,
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
