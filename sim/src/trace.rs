//! What happened, one line for each step: the same seed gives the same lines.

use std::fmt::Write as _;
use std::time::Duration;

/// How many lines a failure shows.
const SHOWN: usize = 40;

/// The lines of one history.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    text: String,
}

impl Trace {
    /// At this time somebody did something.
    pub(crate) fn note(&mut self, at: Duration, actor: &str, what: std::fmt::Arguments<'_>) {
        let at = at.as_millis();
        writeln!(self.text, "{at:>7} ms  {actor:<9} {what}").expect("a string takes everything");
    }

    /// The last steps.
    pub(crate) fn end(&self) -> String {
        let lines: Vec<&str> = self.text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    }

    /// All steps.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}
