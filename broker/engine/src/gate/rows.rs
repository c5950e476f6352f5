//! The rows of a batch (NS-21): each is judged like a publish of its own.

use std::sync::Arc;

use bytes::Bytes;

use super::rejection::Rejection;

/// What an admitted publish stands for beside itself: the rows of a batch (NS-21).
#[derive(Clone, Debug, Default)]
pub struct Derived {
    /// Messages on other topics, to be delivered too.
    pub messages: Vec<(Arc<str>, Bytes)>,
    /// What was refused of it.
    pub refused: Vec<RefusedRow>,
}

/// A part of an admitted publish that was refused by itself.
#[derive(Clone, Debug)]
pub struct RefusedRow {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Where it was to go.
    pub topic: Box<str>,
    /// What it was.
    pub payload: Bytes,
    /// Why.
    pub rejection: Rejection,
}

/// What is said of a refused row to whoever published the batch.
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
