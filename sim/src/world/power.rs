//! Power cuts, killed processes, a disk that fills up.

use std::time::Duration;

use super::history::Damage;
use super::{Actor, World};
use crate::machine::End;

/// A cut comes within so many changes of the disk.
const CUT_WITHIN: usize = 24;

impl World {
    pub(super) fn power_turn(&mut self) -> Result<(), String> {
        match self.choices.below(4) {
            0 => self.restart(End::Process),
            1 => self.restart(End::Power),
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

    /// The hub dies, and starts again from what is on the disk.
    pub(super) fn restart(&mut self, end: End) -> Result<(), String> {
        self.note(Actor::Power, format_args!("{end:?} ends, and the hub starts again"));
        self.ghosts.clear();
        self.unwritten.clear();
        for (who, client) in self.clients.iter_mut().enumerate() {
            if client.line.take().is_some() {
                self.promises.wills.gone(who, self.machine.monotonic());
            }
        }
        self.program_is_gone();
        self.workers_are_gone();
        self.purge = None;
        self.promises.kills += 1;
        if self.choices.one_in(3) {
            let millis = self.choices.pick(&[700, 2_500]);
            self.machine.clock.advance(Duration::from_millis(millis));
            self.note(Actor::Power, format_args!("is off for {millis} ms"));
        }
        let (choices, mut damage) = (&self.choices, None);
        self.machine.restart(end, |disk| damage = Damage::happen(choices, disk))?;
        damage.iter().for_each(|damage| self.note_damage(damage));
        self.files.restarted(&self.machine.history_files())?;
        let hub = self.machine.hub();
        self.journal.restarted(&*hub.log)?;
        let oldest = fabric::Log::oldest(&*hub.log);
        self.note(Actor::Power, format_args!("the log begins at {oldest}"));
        self.auditor_turn()
    }

    pub(super) fn disk_turn(&mut self) {
        if self.is_full && self.choices.one_in(2) {
            self.free_disk();
        } else if !self.is_full && !self.is_heavy && self.choices.one_in(3) {
            self.machine.fill_disk();
            self.is_full = true;
            self.promises.wills.may_be_refused(&self.journal.published());
            self.note(Actor::DiskFull, format_args!("takes all room"));
        }
    }

    pub(super) fn free_disk(&mut self) {
        self.machine.free_disk();
        self.is_full = false;
        self.note(Actor::DiskFull, format_args!("gives the room back"));
    }
}
