//! `[log]`: how much of the log is kept, and what is done about damage.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::range::within;
use super::units::{ByteSize, Span};

/// `[log]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) keep: Span,
    pub(crate) keep_percent: u8,
    pub(crate) memory: ByteSize,
    pub(crate) on_damage: OnDamage,
}

/// What start-up does when it finds a damaged range in the log.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnDamage {
    /// Start, serve the rest, report the range.
    Serve,
    /// Stop and say where.
    Refuse,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            keep: Span::seconds(24 * 3600),
            keep_percent: 20,
            memory: ByteSize::mib(64),
            on_damage: OnDamage::Serve,
        }
    }
}

impl Log {
    pub(super) fn check(&self) -> Result<()> {
        within("log.keep", self.keep, Span::seconds(1), Span::seconds(3650 * 86_400))?;
        within("log.keep_percent", self.keep_percent, 1, 90)?;
        within("log.memory", self.memory, ByteSize::mib(1), ByteSize::mib(16 << 10))
    }
}
