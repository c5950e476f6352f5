//! Which states of the access file were tried last, so that each is read once.

use crate::file_state::FileState;

/// The state that is in effect, and the one that last failed to take effect.
#[derive(Debug)]
pub(crate) struct FileWatch {
    in_effect: FileState,
    failed: Option<FileState>,
}

impl FileWatch {
    pub(crate) fn new(in_effect: FileState) -> Self {
        Self { in_effect, failed: None }
    }

    /// The state in effect.
    pub(crate) fn in_effect(&self) -> FileState {
        self.in_effect
    }

    /// Whether the file in this state was tried already.
    pub(crate) fn was_tried(&self, state: FileState) -> bool {
        state == self.in_effect || self.failed == Some(state)
    }

    /// The file in this state took effect.
    pub(crate) fn succeeded(&mut self, state: FileState) {
        *self = Self::new(state);
    }

    /// The file in this state cannot be used.
    pub(crate) fn failed(&mut self, state: FileState) {
        self.failed = Some(state);
    }
}
