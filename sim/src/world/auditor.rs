//! The auditor's turns: what must hold at any moment, and what must hold at the end.

use super::{Actor, World};
use crate::audit::{is_shared, judge_views};

impl World {
    /// An answer says that a publish is in the log: it is, and durable.
    pub(super) fn judge_durable(&self, number: u32) -> Result<(), String> {
        let topic = self.promises.topic_of(number);
        let is_due = self.journal.is_node(topic) || self.promises.is_owed(number);
        if is_due && !self.journal.has(topic, number) {
            return Err(format!("{number} on {topic} was acknowledged and is not durable"));
        }
        Ok(())
    }

    pub(super) fn auditor_turn(&mut self) -> Result<(), String> {
        let hub = self.machine.hub();
        judge_views(&hub.namespace, hub.server.broker(), &self.journal)?;
        let applied = hub.namespace.applied();
        self.journal.frames.judge(&fabric::Log::health(&*hub.log), false)?;
        self.judge_history()?;
        self.note(Actor::Auditor, format_args!("finds all views right as of {applied}"));
        Ok(())
    }

    /// Everything has come to rest: whoever is connected and began an exchange of QoS 2 in its session, or
    /// one that its session goes on with, has come to its end. A client whose session has ended was told so,
    /// and has forgotten what was begun.
    pub(super) fn judge_exchanges(&self) -> Result<(), String> {
        for client in self.clients.iter().filter(|client| client.is_up()) {
            if let Some(id) = client.unreleased() {
                return Err(format!("{} waits for PUBREL of {id:?} in vain", client.name));
            }
        }
        Ok(())
    }

    /// Everything has come to rest; how many deliveries were right.
    pub(super) fn judge(&mut self) -> Result<usize, String> {
        let hub = self.machine.hub();
        let (applied, committed) = (hub.namespace.applied(), hub.committed());
        if applied != committed {
            return Err(format!("the namespace rests at {applied}, the log at {committed}"));
        }
        let taken = hub.history.store.applied();
        if taken != committed {
            return Err(format!("history rests at {taken}, the log at {committed}"));
        }
        let health = fabric::Log::health(&*hub.log);
        self.journal.frames.judge(&health, true)?;
        self.auditor_turn()?;
        let shared = self.clients.iter().filter(|client| is_shared(client));
        let shared: Vec<_> = shared.map(|client| &*client.name).collect();
        self.promises.session_ended_behind(self.journal.newest_before_an_end(&shared));
        self.promises.wills.judge_log(&self.journal.published())?;
        self.promises.judge(&self.clients)
    }
}
