//! The turns of the hub's parts: a core, the log, the folds.

use broker_engine::Key;

use super::{Actor, World, is_at};
use crate::audit::{is_passing, is_shared};
use crate::client::Heard;

impl World {
    /// A core takes what others handed it, flushes, and writes; whether anything moved.
    pub(super) fn core_turn(&mut self, core: usize) -> Result<bool, String> {
        let server = &mut self.machine.hub().server;
        let posted = server.take_inbox(core);
        let resumed = server.flush(core);
        let mut dirty = std::mem::take(server.engine(core).pending_output());
        let mut moved = posted || !resumed.is_empty();
        self.unwritten.retain(|(at, key)| {
            let here = *at == core;
            dirty.extend(here.then_some(*key));
            !here
        });
        let mut bytes = 0;
        for key in dirty {
            self.machine.hub().server.engine(core).begin_write(key);
            bytes += self.write(core, key)?;
        }
        moved |= bytes > 0;
        resumed.into_iter().for_each(|key| self.offer(core, key));
        self.take_replies(core)?;
        self.note(Actor::Core, format_args!("{core} takes its turn and writes {bytes} bytes"));
        Ok(moved)
    }

    /// The network takes some of what a connection has; how many bytes there were.
    fn write(&mut self, core: usize, key: Key) -> Result<usize, String> {
        let is_ghost = self.ghosts.contains(&(core, key));
        let server = &mut self.machine.hub().server;
        let now = server.now();
        let output = server.engine(core).output(key).to_vec();
        let who = self.clients.iter().position(|client| is_at(client, core, key));
        // What a share gave to a connection is still there when the hub dies.
        let is_slow = who.is_some_and(|who| {
            let client = &self.clients[who];
            is_passing(client) && client.established
        });
        let pieces = if is_slow { [0, 0, 100] } else { [3, 100, 1 << 20] };
        let most = if is_ghost { output.len() } else { self.choices.pick(&pieces) };
        let written = most.min(output.len());
        server.engine(core).wrote(now, key, written);
        if written < output.len() {
            self.unwritten.push((core, key));
        }
        if let Some(who) = who {
            for heard in self.clients[who].hear(&output[..written]) {
                self.hear(who, heard)?;
            }
            if self.clients[who].gives_up {
                self.vanish(who);
            }
        }
        let engine = self.machine.hub().server.engine(core);
        if engine.is_closing(key) && engine.output(key).is_empty() {
            engine.closed(now, key);
            self.ghosts.retain(|ghost| *ghost != (core, key));
            if let Some(who) = self.clients.iter().position(|client| is_at(client, core, key)) {
                self.clients[who].hang_up();
                self.promises.wills.gone(who, now.monotonic);
            }
        }
        Ok(output.len())
    }

    /// A client heard something that auditors have to know.
    fn hear(&mut self, who: usize, heard: Heard) -> Result<(), String> {
        let at = self.machine.monotonic();
        let watched = self.clients[0].established;
        match heard {
            Heard::Welcome { present } if self.clients[who].is_fleeting() => {
                self.promises.wills.welcome(who);
                if !present && self.clients[who].has_session() && self.fails_when_told {
                    self.fails_when_told = false;
                    self.machine.cut_in(0);
                }
                if !present && is_shared(&self.clients[who]) {
                    self.promises.session_ended();
                }
            }
            Heard::Welcome { present } => {
                self.promises.wills.welcome(who);
                let was = self.clients[who].established;
                self.promises.welcome(who, present, was);
            }
            // SUBACK follows a commit where the session outlives its connection.
            Heard::Subscribed if !self.clients[who].has_session() => {}
            Heard::Subscribed => self.promises.wills.is_stored(who, watched, at),
            Heard::Received { number } => self.judge_durable(number)?,
            Heard::Acknowledged { topic, number, released } => {
                if released || self.promises.is_logged(number) {
                    self.promises.wills.is_stored(who, watched, at);
                }
                // What is of QoS 2 was judged when PUBREC came; its topic may have become a node since.
                if !self.promises.is_exact(number) {
                    self.judge_durable(number)?;
                }
                self.promises.acknowledged(&topic, number);
            }
            Heard::Refused { number } => self.promises.given_up(number),
        }
        Ok(())
    }

    pub(super) fn log_turn(&mut self) -> Result<(), String> {
        if self.choices.one_in(if self.is_heavy { 2 } else { 6 }) {
            let rest = self.machine.hub().keep_log();
            let oldest = fabric::Log::oldest(&*self.machine.hub().log);
            self.note(Actor::Log, format_args!("keeps segments from {oldest}, and rests {rest:?}"));
            return Ok(());
        }
        self.commit().map(drop)
    }

    /// The log commits a frame, and the auditor writes it down; whether there was one.
    pub(super) fn commit(&mut self) -> Result<bool, String> {
        let moved = self.machine.hub().commit();
        let records = self.journal.read()?;
        let committed = self.machine.hub().committed();
        self.note(Actor::Log, format_args!("commits {records} records, up to {committed}"));
        Ok(moved)
    }

    pub(super) fn follower_turn(&mut self) -> Result<(), String> {
        self.go_on_deleting()?;
        // Where retention drops segments, what lets go of them comes more often.
        match self.choices.below(if self.is_heavy { 20 } else { 14 }) {
            0..=5 => {
                let more = self.machine.hub().step_namespace();
                let applied = self.machine.hub().namespace.applied();
                self.note(Actor::Follower, format_args!("namespace is at {applied}, {more}"));
            }
            6..=11 => {
                let more = self.machine.hub().step_ledger();
                self.note(Actor::Follower, format_args!("the ledger takes its turn, {more}"));
            }
            // In some histories the namespace has none for long while the others need no more of the log.
            12 | 14..=16 if self.is_lazy && !self.choices.one_in(12) => {}
            12 | 14..=16 => {
                let written = self.machine.hub().namespace.checkpoint().is_ok();
                self.note(Actor::Follower, format_args!("namespace has a checkpoint: {written}"));
            }
            _ => {
                let written = self.machine.hub().ledger.checkpoint().is_ok();
                self.note(Actor::Follower, format_args!("the ledger has a checkpoint: {written}"));
            }
        }
        Ok(())
    }

    /// An account loses the right to publish its will, or a topic is deleted.
    pub(super) fn operator_turn(&mut self) -> Result<(), String> {
        if self.choices.one_in(2) {
            self.begin_deletion();
            return Ok(());
        }
        let who = self.choices.below(self.clients.len());
        // What a power cut leaves half written may be there afterwards, and came before all the same.
        self.machine.clear_faults();
        for core in 0..crate::machine::CORES {
            self.core_turn(core)?;
        }
        let name = self.clients[who].name.clone();
        self.machine.forbid(&name);
        self.journal.read()?;
        self.promises.wills.forbid(who, &self.journal.published());
        self.note(Actor::Operator, format_args!("{name} may publish no will any more"));
        Ok(())
    }
}
