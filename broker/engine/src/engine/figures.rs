//! What is counted of connections: what CONNECT said, how they end, what waits for them.

use broker_codec::Connect;

use super::{Engine, Now};
use crate::connection::{About, Phase};
use crate::gate::Gate;
use crate::key::Key;
use crate::pace::Pace;
use crate::pressure::Pressure;
use crate::stats::End;

impl<G: Gate> Engine<G> {
    pub(super) fn note_connect(&mut self, now: Now, key: Key, connect: &Connect<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.about = Some(Box::new(About {
            since: now.wall,
            user_name: connect.user_name.map(Into::into),
            keep_alive: connect.keep_alive,
            clean_start: connect.clean_start,
            ..About::default()
        }));
    }

    /// How short memory is, as this core saw it last.
    pub fn pressure(&self) -> Pressure {
        self.desk.pressure
    }

    /// Counts the end of a connection, the first time it is told of.
    pub(super) fn count_end(&mut self, key: Key, cause: End) {
        let stats = &mut self.desk.stats;
        match self.connections.get(key).map(|connection| &connection.phase) {
            Some(Phase::Claiming(_) | Phase::Up) => stats.ended[cause as usize] += 1,
            Some(Phase::Closing { .. }) | None => {}
            // A socket that is gone before CONNECT was nobody's connection.
            Some(_) if cause == End::Lost => {}
            Some(_) => stats.refused[cause as usize] += 1,
        }
    }

    /// Adds up what waits for the clients of this core.
    pub(super) fn gauge(&mut self) {
        let stats = &mut self.desk.stats;
        let none = |gauge: &mut u64| *gauge = 0;
        none(&mut stats.sessions_connected);
        none(&mut stats.paused);
        none(&mut stats.slow);
        none(&mut stats.in_flight);
        none(&mut stats.queued);
        none(&mut stats.queued_bytes);
        none(&mut stats.output_bytes);
        for connection in self.connections.iter().map(|(_, connection)| connection) {
            let outbound = &connection.outbound;
            stats.sessions_connected += u64::from(connection.durable_session().is_some());
            stats.paused += u64::from(connection.paused);
            stats.slow += u64::from(outbound.pace == Pace::Slow);
            stats.in_flight += u64::from(outbound.window.in_use());
            stats.queued += outbound.queued() as u64;
            stats.queued_bytes += outbound.queued_bytes() as u64;
            stats.output_bytes += outbound.output().len() as u64;
        }
        let waiting = stats.queued_bytes + stats.output_bytes;
        self.desk.waiting = usize::try_from(waiting).unwrap_or(usize::MAX);
    }
}
