//! The turns of history: it follows the log, writes files, and is purged.

use std::sync::Arc;

use super::{Actor, World};
use crate::Fault;
use crate::audit::{Verdict, judge_answers, judge_samples, look};

impl World {
    pub(super) fn historian_turn(&mut self) -> Result<(), String> {
        match self.choices.below(24) {
            0..=12 => drop(self.step_history()),
            13..=22 => drop(self.write_history()?),
            _ => {
                self.machine.hub().history.store.flush_soon();
                self.note(Actor::Historian, format_args!("is asked to write files"));
            }
        }
        Ok(())
    }

    /// History reads a piece of the log; whether there is more to do at once.
    pub(super) fn step_history(&mut self) -> bool {
        let history = &mut self.machine.hub().history;
        let more = history.step();
        let applied = history.store.applied();
        self.note(Actor::Historian, format_args!("is at {applied}, {more}"));
        more
    }

    /// History writes files, and before each change of the disk somebody looks whether it is complete;
    /// whether there was something to write.
    pub(super) fn write_history(&mut self) -> Result<bool, String> {
        let store = Arc::clone(&self.machine.hub().history.store);
        let applied = store.applied();
        let due = self.journal.topics().map(|topic| self.journal.due(topic, applied));
        let verdict = Verdict::default();
        let may_wait =
            self.damages.files || self.machine.fault().is_some_and(Fault::damages_history);
        let looked = (self.damages.files, may_wait, verdict.clone());
        let looking = look(Arc::clone(&store), due.collect(), looked, self.machine.is_on());
        self.machine.history_watch().watch(Box::new(looking));
        if store.is_purging() {
            self.files.forget_all();
        }
        let wrote = self.machine.hub().history.write();
        self.machine.history_watch().watch_no_more();
        let looks = verdict.into_looks()?;
        let health = store.health();
        let is_complete = !store.is_purging() && !store.has_unrepaired();
        if wrote && health.flush_error.is_none() && is_complete {
            self.files.written(self.machine.history_files(), health.files)?;
        }
        let cursor = store.cursor();
        self.note(
            Actor::Historian,
            format_args!("writes, {wrote}, looked at {looks} times, {cursor}"),
        );
        Ok(wrote)
    }

    /// Everything history has, as of now.
    pub(super) fn judge_history(&mut self) -> Result<(), String> {
        let topics: Vec<_> = self.journal.topics().map(str::to_owned).collect();
        let asked = self.choices.below(topics.len().max(1));
        let may_lack = self.damages.files;
        let journal = &self.journal;
        let history = &self.machine.hub().history;
        let store = &history.store;
        let (cursor, applied) = (store.cursor(), store.applied());
        if cursor > applied {
            return Err(format!(
                "the cursor of history is at {cursor}, what it knows at {applied}"
            ));
        }
        for (nth, topic) in topics.iter().enumerate() {
            let due = journal.due(topic, applied);
            judge_samples(store, &due, may_lack)?;
            if nth == asked {
                judge_answers(&history.query, &due)?;
            }
        }
        let aside = store.health().aside;
        match aside.first() {
            Some(aside) if !may_lack && !self.damages.catalog => {
                Err(format!("{aside:?}, and nothing was damaged"))
            }
            _ => Ok(()),
        }
    }
}
