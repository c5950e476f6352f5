//! Questions about the committed namespace. Each looks at a bounded number of levels under one lock
//! of the view, so that neither the fold nor other readers wait long.

mod current;
mod search;
mod tree;

use std::sync::Arc;

use uns_model::{NodeId, NodeNo, OrgId, Quality, Sequence, Timestamp, Value};

pub use current::{CurrentPage, CurrentQuery, CurrentValue};
pub use search::SearchHit;
pub use tree::{OwnValue, TreeNode, TreePage, TreeQuery};

use crate::Error;

/// Most levels looked at under one lock.
const STEPS_MAX: usize = 8_192;
/// Most items of one page, whatever the caller asks for.
const PAGE_MAX: usize = 100_000;

/// Where a walk goes on: the sequence of its first page and the last path it came to.
struct Token<'a> {
    sequence: Sequence,
    path: &'a str,
}

impl<'a> Token<'a> {
    fn parse(token: &'a str) -> Result<Self, Error> {
        let parsed = token.split_once(':').and_then(|(sequence, path)| {
            let sequence = Sequence(sequence.parse().ok()?);
            Some(Self { sequence, path })
        });
        parsed.ok_or_else(|| Error::PageToken { token: token.chars().take(80).collect() })
    }

    fn write(sequence: Sequence, path: &str) -> String {
        format!("{sequence}:{path}")
    }
}
