//! The sessions that wait, by the publish they wait for.

use std::collections::BTreeMap;

use uns_model::{Sequence, SessionNo};

/// Sessions by the publish they wait for. Often many wait for the same one.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    waiting: BTreeMap<Sequence, Vec<SessionNo>>,
}

impl Ready {
    pub(super) fn insert(&mut self, sequence: Sequence, session: SessionNo) {
        self.waiting.entry(sequence).or_default().push(session);
    }

    pub(super) fn remove(&mut self, sequence: Sequence, session: SessionNo) {
        let Some(sessions) = self.waiting.get_mut(&sequence) else { return };
        if let Some(place) = sessions.iter().position(|one| *one == session) {
            sessions.swap_remove(place);
        }
        if sessions.is_empty() {
            self.waiting.remove(&sequence);
        }
    }

    /// The first publish at or after a sequence that a session waits for.
    pub(super) fn first_from(&self, sequence: Sequence) -> Option<Sequence> {
        self.waiting.range(sequence..).next().map(|(sequence, _)| *sequence)
    }

    /// The last publish that a session waits for.
    pub(super) fn last(&self) -> Option<Sequence> {
        self.waiting.last_key_value().map(|(sequence, _)| *sequence)
    }

    /// Removes and returns all sessions that wait for a publish.
    pub(super) fn take(&mut self, sequence: Sequence) -> Vec<SessionNo> {
        self.waiting.remove(&sequence).unwrap_or_default()
    }
}
