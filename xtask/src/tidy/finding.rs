//! What a rule says about a place where it is broken.

use std::fmt;

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// File, relative to the root of the checkout.
    pub(super) path: String,
    /// Line from 1; 0 when the whole file is meant.
    pub(super) line: usize,
    /// Name of the rule, as used in the allow list.
    pub(super) rule: &'static str,
    /// What is wrong and what to do.
    pub(super) message: String,
}

impl Finding {
    /// A rule broken at a place.
    pub(super) fn new(
        path: &str,
        line: usize,
        rule: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { path: path.to_owned(), line, rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, message } = self;
        match line {
            0 => write!(out, "{path}: [{rule}] {message}"),
            _ => write!(out, "{path}:{line}: [{rule}] {message}"),
        }
    }
}
