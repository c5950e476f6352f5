//! `[tracing]`: the hub's own log lines.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// `[tracing]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tracing {
    pub(crate) filter: String,
    pub(crate) format: TracingFormat,
}

/// How the hub's own log lines look.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TracingFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Tracing {
    fn default() -> Self {
        Self { filter: "info".into(), format: TracingFormat::Text }
    }
}

impl Tracing {
    /// A lone word is a level: taken as the name of a module, a slip would silence the hub.
    pub(super) fn check(&self) -> Result<()> {
        const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
        for part in self.filter.split(',').map(str::trim) {
            let level = LEVELS.iter().any(|level| part.eq_ignore_ascii_case(level));
            if !level && !part.contains(['=', '[']) {
                bail!(
                    "tracing.filter = \"{}\": `{part}` is none of {}; a module's own level is \
                     written broker_server=debug",
                    self.filter,
                    LEVELS.join(", ")
                );
            }
        }
        Ok(())
    }
}
