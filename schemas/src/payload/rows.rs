//! What the gate is told of the rows of a batch.

use super::scan::{Kind, Token, elements, members};

/// The most samples one batch has; more are one document.
pub const BATCH_SAMPLES_MAX: usize = 10_000;

/// What the gate has to know of a payload beyond that it may be accepted (NS-21).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Batch {
    /// Rows of children, each usable or not.
    Children(Vec<Result<ChildRow, BadRow>>),
    /// A batch of the node itself, with these rows that are no samples: at least one.
    Flawed(Vec<BadRow>),
}

/// A row of a batch that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadRow {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// The path it names, if it does.
    pub path: Option<String>,
    /// The row as it was published.
    pub payload: String,
    /// What is wrong with it.
    pub detail: &'static str,
}

impl BadRow {
    pub(super) fn new(
        index: usize,
        path: Option<String>,
        payload: String,
        detail: &'static str,
    ) -> Self {
        Self { index, path, payload, detail }
    }
}

/// A row that can be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChildRow {
    /// The child's topic below the parent's, as it was written.
    pub path: String,
    /// The row without its path, as JSON: the payload of the child. Where it names no time and the
    /// batch does, it has that.
    pub payload: String,
}

/// Whether an array has rows that name a path.
pub(super) fn has_path(array: Token<'_>) -> bool {
    elements(array).any(|row| path(row).is_some())
}

/// The path a row names.
pub(super) fn path(row: Token<'_>) -> Option<Token<'_>> {
    let Kind::Object { .. } = row.kind else { return None };
    let is_path = |name: Token<'_>, token: Token<'_>| {
        name.text == "path" && matches!(token.kind, Kind::Text { .. })
    };
    members(row).find(|(name, token)| is_path(*name, *token)).map(|(_, token)| token)
}
