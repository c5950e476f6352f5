//! `[history]`: when values in memory are written to files.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::range::within;
use super::units::{ByteSize, Span};

/// `[history]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct History {
    pub(crate) flush_every: Span,
    pub(crate) memory: ByteSize,
}

impl Default for History {
    fn default() -> Self {
        Self { flush_every: Span::seconds(600), memory: ByteSize::mib(256) }
    }
}

impl History {
    pub(super) fn check(&self) -> Result<()> {
        within("history.flush_every", self.flush_every, Span::seconds(1), Span::seconds(86_400))?;
        within("history.memory", self.memory, ByteSize::mib(1), ByteSize::mib(64 << 10))
    }
}
