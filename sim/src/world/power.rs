//! Power cuts, killed processes, a disk that fills up.

use std::time::Duration;

use super::{Actor, World};
use crate::audit::is_passing;
use crate::machine::{CORES, End};

/// A cut comes within so many changes of the disk.
const CUT_WITHIN: usize = 24;

impl World {
    pub(super) fn power_turn(&mut self) -> Result<(), String> {
        match self.choices.below(4) {
            end @ (0 | 1) => {
                if self.choices.one_in(2) {
                    self.publish_before_the_end()?;
                }
                let end = if end == 0 { End::Process } else { End::Power };
                self.restart(end)?;
                if self.choices.one_in(3) {
                    self.come_back()?;
                    self.restart(end)?;
                }
                Ok(())
            }
            2 => {
                self.fails_when_told = true;
                self.note(Actor::Power, format_args!("fails once somebody has no session"));
                Ok(())
            }
            _ => {
                let changes = self.choices.below(CUT_WITHIN);
                self.machine.cut_in(changes as u64);
                self.note(Actor::Power, format_args!("fails {changes} changes of the disk later"));
                Ok(())
            }
        }
    }

    /// Everybody who may publishes something shortly before the hub dies. It is taken, and what the share
    /// gives to its member without a lasting session does not get there any more.
    fn publish_before_the_end(&mut self) -> Result<(), String> {
        let Some(passing) = self.clients.iter().position(is_passing) else { return Ok(()) };
        for _ in 0..4 {
            if self.clients[passing].line.is_none() {
                self.connect_or_publish(passing);
            }
            self.everything_arrives(passing)?;
        }
        for who in (0..self.clients.len()).chain(0..self.clients.len()) {
            if self.clients[who].is_up() && !self.clients[who].is_fleeting() {
                self.connect_or_publish(who);
                self.everything_arrives(who)?;
            }
        }
        Ok(())
    }

    /// Everybody is back, with a new will, before the hub has published the one that was due.
    fn come_back(&mut self) -> Result<(), String> {
        for who in 0..self.clients.len() {
            if self.clients[who].line.is_none() {
                self.connect_or_publish(who);
            }
            self.everything_arrives(who)?;
        }
        Ok(())
    }

    /// All that a client has said arrives, and what is to be committed is.
    fn everything_arrives(&mut self, who: usize) -> Result<(), String> {
        while self.clients[who].line.as_ref().is_some_and(|line| !line.up.is_empty()) {
            self.carry(who);
        }
        for core in 0..CORES {
            self.core_turn(core)?;
        }
        self.commit()?;
        for core in 0..CORES {
            self.core_turn(core)?;
        }
        Ok(())
    }

    /// The hub dies, and starts again from what is on the disk.
    pub(super) fn restart(&mut self, end: End) -> Result<(), String> {
        self.note(Actor::Power, format_args!("{end:?} ends, and the hub starts again"));
        self.ghosts.clear();
        self.unwritten.clear();
        for (who, client) in self.clients.iter_mut().enumerate() {
            if client.hang_up().is_some() {
                self.promises.wills.gone(who, self.machine.monotonic());
            }
        }
        self.program_is_gone();
        self.workers_are_gone();
        self.deletions.clear();
        self.promises.kills += 1;
        if self.choices.one_in(3) {
            let millis = self.choices.pick(&[700, 2_500]);
            self.machine.clock.advance(Duration::from_millis(millis));
            self.note(Actor::Power, format_args!("is off for {millis} ms"));
        }
        if self.choices.one_in(8) {
            self.set_clock();
        }
        let spared = self.spared();
        let (damages, choices, mut damage) = (&self.damages, &self.choices, None);
        self.machine.restart(end, |disk| damage = damages.happen(choices, disk, &spared))?;
        if let Some(damage) = damage {
            self.note_damage(damage);
        }
        self.is_full = self.machine.is_full();
        self.files.restarted(&self.machine.history_files())?;
        let hub = self.machine.hub();
        self.journal.restarted(&*hub.log_as_read())?;
        if self.is_full {
            self.promises.wills.may_be_refused(&self.journal.published());
        }
        let oldest = fabric::Log::oldest(&*hub.log);
        self.note(Actor::Power, format_args!("the log begins at {oldest}"));
        self.auditor_turn()
    }

    pub(super) fn disk_turn(&mut self) {
        if self.is_full && self.choices.one_in(2) {
            self.free_disk();
        } else if !self.is_full && !self.is_heavy && self.choices.one_in(3) {
            self.take_all_room();
        }
    }

    pub(super) fn take_all_room(&mut self) {
        self.machine.fill_disk();
        self.is_full = true;
        self.promises.wills.may_be_refused(&self.journal.published());
        self.note(Actor::DiskFull, format_args!("takes all room"));
    }

    pub(super) fn free_disk(&mut self) {
        self.machine.free_disk();
        self.is_full = false;
        self.note(Actor::DiskFull, format_args!("gives the room back"));
    }
}
