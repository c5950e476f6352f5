//! What one look of `uns doctor` found.

use serde::Serialize;

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Ok,
    /// The hub works, though not as well as it could.
    Warning,
    /// The hub does not start, or does not do what it promises.
    Failed,
}

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) area: &'static str,
    pub(super) verdict: Verdict,
    pub(super) found: String,
    /// What to do; nothing where all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(area: &'static str, found: impl Into<String>) -> Self {
        Self { area, verdict: Verdict::Ok, found: found.into(), remedy: None }
    }

    pub(super) fn warning(
        area: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = Some(remedy.into());
        Self { area, verdict: Verdict::Warning, found: found.into(), remedy }
    }

    pub(super) fn failed(
        area: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { verdict: Verdict::Failed, ..Self::warning(area, found, remedy) }
    }

    /// As two lines for people.
    pub(super) fn lines(&self) -> String {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "WARNING",
            Verdict::Failed => "FAILED",
        };
        let remedy = self.remedy.as_ref().map(|remedy| format!("{:23}-> {remedy}\n", ""));
        format!("{verdict:8} {:13} {}\n{}", self.area, self.found, remedy.unwrap_or_default())
    }
}
