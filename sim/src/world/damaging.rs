//! What may be damaged while the hub is down, and what was.

use super::damage::{Damage, Spared};
use super::{Actor, World};

impl World {
    /// What somebody may damage once the hub is down.
    pub(super) fn spared(&mut self) -> Spared {
        let fault = self.machine.fault();
        let log = &self.machine.hub().log;
        let health = fabric::Log::health(&**log);
        let needed = health.holds.iter().map(|hold| hold.at).min().unwrap_or_default();
        let log_is_whole = self.journal.is_whole(health.oldest);
        // Without a catalog, history reads all of the log again.
        let frames = self.journal.frames.within(health.oldest, needed);
        let frame = (!frames.is_empty()).then(|| frames[self.choices.below(frames.len())].clone());
        Spared { log_is_whole, frame, fault }
    }

    /// Notes what was damaged while the hub was down.
    pub(super) fn note_damage(&mut self, damage: Damage) {
        self.note(Actor::Power, format_args!("{damage}"));
        match damage {
            Damage::File { name, .. } => {
                self.damages.files = true;
                self.files.forget(&name);
            }
            Damage::Checkpoints { paths, .. } => self.damages.checkpoints.extend(paths),
            Damage::Catalog => self.damages.catalog = true,
            Damage::Frame { after, until, .. } => self.journal.frames.are_damaged(after, until),
        }
    }
}
