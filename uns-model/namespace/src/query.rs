//! Questions about the committed namespace. Each looks at a bounded number of levels under one lock
//! of the view, so that neither the fold nor other readers wait long.

mod clocks;
mod current;
mod search;
mod sight;
mod tree;

use std::sync::Arc;

use fabric::Cursor;
use uns_model::{NodeId, NodeNo, OrgId, Quality, Sequence, Timestamp, Value};

pub use clocks::ClockViolation;
pub use current::{CurrentPage, CurrentQuery, CurrentValue, ValueRemarks};
pub use search::{SearchHit, SearchPage, SearchQuery};
pub use sight::{Below, Everywhere, Sight};
pub use tree::{OwnValue, TreeNode, TreePage, TreeQuery};

use crate::Error;

/// Most levels looked at under one lock.
const STEPS_MAX: usize = 8_192;
/// Most levels looked at for one page; it ends early then, and goes on behind them.
const WORK_MAX: usize = 16 * STEPS_MAX;
/// Most items of one page, whatever the caller asks for.
const PAGE_MAX: usize = 100_000;
/// A page ends with the value that brings it to this size, however many were asked for.
const PAGE_BYTES_MAX: usize = 4 << 20;

/// What a value takes in an answer, roughly.
fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Document(text) => text.len(),
        Value::Bytes(bytes) => bytes.len() / 3 * 4,
        _ => 24,
    }
}

/// Where a walk goes on: the place in the log of its first page, the last path it came to, and which of
/// the values there was the last one given, if there may be more.
struct Token<'a> {
    sequence: Sequence,
    path: &'a str,
    value: Option<&'a str>,
}

/// Between path and value; no topic has it.
const SEPARATOR: char = '\0';

impl<'a> Token<'a> {
    fn parse(token: &'a str) -> Result<Self, Error> {
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

    fn write(sequence: Sequence, path: &str) -> String {
        format!("{}:{path}", Cursor::after(sequence))
    }

    fn within(sequence: Sequence, path: &str, value: &str) -> String {
        format!("{}:{path}{SEPARATOR}{value}", Cursor::after(sequence))
    }
}
