//! The publish that an `Owed` record refers to. It is read once, and only if a session is fed with it.

use std::sync::Arc;

use fabric::{Frame, Kind, Raw};
use uns_model::Sequence;

use crate::{LoggedPublish, Topics};

/// A publish in the frame at hand.
pub(crate) struct Target<'a> {
    frame: &'a Frame,
    raw: Raw<'a>,
    topics: &'a dyn Topics,
    read: Option<Option<Arc<LoggedPublish>>>,
}

impl<'a> Target<'a> {
    pub(crate) fn new(frame: &'a Frame, raw: Raw<'a>, topics: &'a dyn Topics) -> Self {
        Self { frame, raw, topics, read: None }
    }

    pub(crate) fn sequence(&self) -> Sequence {
        self.raw.sequence()
    }

    /// The bytes of its record.
    pub(crate) fn bytes(&self) -> u32 {
        u32::try_from(self.raw.bytes().len()).unwrap_or(u32::MAX)
    }

    /// What was published, shared by all sessions; `None` if it cannot be read.
    pub(crate) fn message(&mut self) -> Option<Arc<LoggedPublish>> {
        let Self { frame, raw, topics, read } = self;
        read.get_or_insert_with(|| LoggedPublish::read(frame, raw, *topics).map(Arc::new)).clone()
    }
}

/// Finds a publish that is not the last one before its `Owed`. Our engine does not write such records.
pub(super) fn search(frame: &Frame, wanted: Sequence) -> Option<Raw<'_>> {
    let found = frame.skim().find(|raw| raw.sequence() == wanted)?;
    matches!(found.kind(), Kind::Publish | Kind::Message).then_some(found)
}
