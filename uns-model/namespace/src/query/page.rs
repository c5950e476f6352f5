//! Pages of an answer: how much each holds, and where the next one goes on.

use fabric::Cursor;
use uns_model::{Sequence, Value};

use crate::Error;

/// Most levels looked at under one lock.
pub(super) const STEPS_MAX: usize = 8_192;
/// Most levels looked at for one page; it ends early then, and goes on behind them.
pub(super) const WORK_MAX: usize = 16 * STEPS_MAX;
/// Most items of one page, whatever the caller asks for.
pub(super) const PAGE_MAX: usize = 100_000;
/// A page ends with the value that brings it to this size, however many were asked for.
pub(super) const PAGE_BYTES_MAX: usize = 4 << 20;

/// One page of an answer, in topic order.
#[derive(Clone, PartialEq, Debug)]
pub struct Page<T> {
    /// What every page of the walk is at least as new as (NS-39): the same on all of them.
    pub sequence: Sequence,
    /// What was found; of a node its own value before those of its fields.
    pub items: Vec<T>,
    /// Pass as `after` for the next page; `None` on the last.
    pub next: Option<String>,
}

/// What a value takes in an answer, roughly.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Document(text) => text.len(),
        Value::Bytes(bytes) => bytes.len() / 3 * 4,
        _ => 24,
    }
}

/// Where a walk goes on: the place in the log of its first page, the last path it came to, and which of
/// the values there was the last one given, if there may be more.
pub(super) struct Token<'a> {
    pub(super) sequence: Sequence,
    pub(super) path: &'a str,
    pub(super) value: Option<&'a str>,
}

/// Between path and value; no topic has it.
const SEPARATOR: char = '\0';

impl<'a> Token<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, Error> {
        let parsed = token.split_once(':').and_then(|(sequence, place)| {
            let sequence = sequence.parse::<Cursor>().ok()?.sequence();
            let (path, value) = match place.split_once(SEPARATOR) {
                Some((path, value)) => (path, Some(value)),
                None => (place, None),
            };
            Some(Self { sequence, path, value })
        });
        parsed.ok_or_else(|| Error::PageToken { token: token.chars().take(80).collect() })
    }

    pub(super) fn write(sequence: Sequence, path: &str) -> String {
        format!("{}:{path}", Cursor::after(sequence))
    }

    pub(super) fn within(sequence: Sequence, path: &str, value: &str) -> String {
        format!("{}:{path}{SEPARATOR}{value}", Cursor::after(sequence))
    }
}
