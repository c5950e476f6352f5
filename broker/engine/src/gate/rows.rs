//! The refused rows of a batch (NS-21), as its publisher learns of them.

use fabric::Rejection;

/// What the publisher of a batch learns of a refused row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToldRow {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Where it was to go.
    pub topic: Box<str>,
    /// Why it was refused.
    pub rejection: Rejection,
}

/// The refused rows of one batch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RefusedRows {
    /// How many there are.
    pub count: u32,
    /// The first of them, up to [`RefusedRows::TOLD_MAX`].
    pub told: Vec<ToldRow>,
}

impl RefusedRows {
    /// So many are described to their publisher; the dead letters describe the rest.
    pub const TOLD_MAX: usize = 100;
}
