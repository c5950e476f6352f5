//! What reading a payload depends on beside the payload.

use uns_model::{Timestamp, Zone};

/// What the decoder has to know beside the payload.
#[derive(Clone, Copy, Debug)]
pub struct DecodeContext<'a> {
    /// The zone of times that name no offset (NS-23).
    pub zone: &'a Zone,
    /// When the payload came in: of the two instants that a clock shows when it was set back, the
    /// one nearer to this is meant.
    pub ingest: Timestamp,
    pub(super) limits: FieldLimits,
    /// Whether rows with a path and named points are nodes of their own.
    pub(super) children: bool,
}

/// How many of a document's leaves are fields (NS-20).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FieldLimits {
    /// The most fields one document has.
    pub fields_max: usize,
    /// How many keys a field name joins at most.
    pub depth_max: usize,
}

impl FieldLimits {
    /// What holds where nothing else was set.
    pub const DEFAULT: Self = Self { fields_max: 256, depth_max: 6 };
}

impl<'a> DecodeContext<'a> {
    /// For one payload that came in at `ingest`, whose times without an offset are of `zone`.
    #[must_use]
    pub const fn new(zone: &'a Zone, ingest: Timestamp) -> Self {
        Self { zone, ingest, limits: FieldLimits::DEFAULT, children: false }
    }

    /// The same with other limits for fields.
    #[must_use]
    pub const fn limited(self, limits: FieldLimits) -> Self {
        Self { limits, ..self }
    }

    /// The same for a topic below which rows with a path and named points are nodes of their own
    /// (NS-19, NS-21): then they are rows of a [`super::Batch::Children`], and no fields.
    #[must_use]
    pub const fn with_children(self) -> Self {
        Self { children: true, ..self }
    }
}
