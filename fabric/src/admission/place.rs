//! Places in an open batch.

/// Where a record stands in an open [`Batch`](crate::Batch).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Place(pub u32);
