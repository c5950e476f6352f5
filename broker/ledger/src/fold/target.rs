//! The publish that an `Owed` record points at: read once, and only when somebody is fed.

use std::sync::Arc;

use fabric::{Frame, Kind, Raw, Record};
use uns_model::{OrgId, Sequence};

use crate::{Logged, Topics};

/// A publish in the frame at hand.
pub(crate) struct Target<'a> {
    frame: &'a Frame,
    raw: Raw<'a>,
    topics: &'a dyn Topics,
    read: Option<Option<Arc<Logged>>>,
}

impl<'a> Target<'a> {
    pub(crate) fn new(frame: &'a Frame, raw: Raw<'a>, topics: &'a dyn Topics) -> Self {
        Self { frame, raw, topics, read: None }
    }

    pub(crate) fn sequence(&self) -> Sequence {
        self.raw.sequence()
    }

    /// Whose topic it was published to; `None` when it cannot be read.
    pub(crate) fn org(&self) -> Option<OrgId> {
        match self.raw.record() {
            Record::Publish(publish) => Some(publish.org),
            Record::Message(message) => Some(message.org),
            _ => None,
        }
    }

    /// Bytes of its record.
    pub(crate) fn bytes(&self) -> u32 {
        u32::try_from(self.raw.bytes().len()).unwrap_or(u32::MAX)
    }

    /// What was published, shared by everybody who asks; `None` when it cannot be read.
    pub(crate) fn message(&mut self) -> Option<Arc<Logged>> {
        let Self { frame, raw, topics, read } = self;
        read.get_or_insert_with(|| Logged::read(frame, raw, *topics).map(Arc::new)).clone()
    }
}

/// Finds a publish that is not the last one before its `Owed`: our engine writes none such.
pub(super) fn search(frame: &Frame, wanted: Sequence) -> Option<Raw<'_>> {
    let found = frame.skim().find(|raw| raw.sequence() == wanted)?;
    matches!(found.kind(), Kind::Publish | Kind::Message).then_some(found)
}
