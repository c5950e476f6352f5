//! Query strings of this module: what all modules share lies in the kit, times are read here.

use std::time::Duration;

use hub_kit::Refusal;
pub(crate) use hub_kit::http::{LIST, Limit, Params};
use uns_model::Timestamp;

use crate::time::{self, Here};

/// Samples of a page of history.
pub(crate) const HISTORY: Limit = Limit { default: 1_000, max: 100_000 };

/// Parameters that are times.
pub(crate) trait Times {
    /// A point in time.
    fn time(&self, name: &str, here: Here<'_>) -> Result<Option<Timestamp>, Refusal>;

    /// A width of time.
    fn duration(&self, name: &str) -> Result<Option<Duration>, Refusal>;
}

impl Times for Params {
    fn time(&self, name: &str, here: Here<'_>) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let parsed = time::parse_instant(&text, here);
        parsed.map(Some).ok_or_else(|| {
            Refusal::parameter(
                name,
                "must be RFC 3339 (`2026-11-21T12:00:00Z`), an epoch number within 2000 to 2100, \
                 `now`, or a time before now such as `-1h` (ms, s, m, h, d, w).",
            )
        })
    }

    fn duration(&self, name: &str) -> Result<Option<Duration>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let parsed = time::parse_duration(&text).filter(|width| !width.is_zero());
        parsed.map(Some).ok_or_else(|| {
            Refusal::parameter(name, "must be a width such as `500ms`, `30s`, `1m`, `1h`, `1d`.")
        })
    }
}
