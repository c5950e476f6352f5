//! Clients that look at what is retained, and go soon: what a watcher ends with is the newest, however its
//! subscription and a publish have met.

use super::{Actor, World};
use crate::watchers::is_watcher;

impl World {
    /// A watcher comes, or goes.
    pub(super) fn watcher_turn(&mut self) {
        let watchers: Vec<usize> =
            (0..self.clients.len()).filter(|who| is_watcher(&self.clients[*who])).collect();
        let who = self.choices.pick(&watchers);
        if self.clients[who].line.is_none() {
            self.connect_or_publish(who);
        } else if self.clients[who].established && self.choices.one_in(3) {
            self.vanish(who);
            self.notice();
        }
        for _ in 0..2 {
            self.carry(who);
        }
        let name = self.clients[who].name.clone();
        self.note(Actor::Watcher, format_args!("{name} looks"));
    }

    /// Everything has come to rest: who watches sees of each topic the newest retained message. Topics with
    /// several publishers are left out, since nothing is promised about the order among these; and what
    /// came and was not stored after all.
    pub(super) fn judge_watchers(&self) -> Result<(), String> {
        let newest = self.journal.newest_retained();
        for client in self.clients.iter().filter(|one| is_watcher(one) && one.is_up()) {
            for (topic, newest) in newest.iter().filter(|(topic, _)| !topic.starts_with("t/all/")) {
                let late = client.held_back.as_ref().and_then(|held_back| held_back.get(topic));
                let shown = client.shown.get(topic).or(late);
                let is_stored = shown.is_none_or(|shown| self.journal.has(topic, *shown));
                if shown != Some(newest) && is_stored {
                    return Err(format!(
                        "{} ends with {shown:?} of {topic}, and {newest} is retained",
                        client.name
                    ));
                }
            }
        }
        Ok(())
    }
}
