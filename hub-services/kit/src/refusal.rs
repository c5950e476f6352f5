//! Why a request was not served: a stable reason, an HTTP status and words for a person.

use std::fmt;

/// A refused request or item. `reason` never changes between releases; `detail` says what was wrong
/// and what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Stable name, `snake_case` (namespace section 11 and the HTTP layer's own).
    pub reason: &'static str,
    /// HTTP status.
    pub status: u16,
    /// One or two sentences for a person.
    pub detail: String,
    /// The name of the dead letter that describes it, if there is one.
    pub dead_id: Option<Box<str>>,
}

impl Refusal {
    /// The reason of what may be taken once there is memory again; its answer says when to ask.
    pub const MEMORY_FULL: &'static str = "memory_full";

    /// A refusal with its own reason.
    pub fn new(status: u16, reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, status, detail: detail.into(), dead_id: None }
    }

    /// 400 `parameter_invalid`: names the parameter and what it takes.
    pub fn parameter(name: &str, remedy: impl fmt::Display) -> Self {
        Self::new(400, "parameter_invalid", format!("Parameter `{name}`: {remedy}"))
    }

    /// 400 `parameter_invalid`: `after` is no page token of this listing.
    pub fn not_a_page() -> Self {
        Self::parameter("after", "pass `next` of the page before.")
    }

    /// 404 `node_unknown`.
    pub fn node_unknown(topic: &str) -> Self {
        Self::new(
            404,
            "node_unknown",
            format!("No node lives on `{topic}`. GET /api/v1/uns/tree lists what exists."),
        )
    }

    /// 500 `internal`: the cause goes to the log, never to the client.
    pub fn internal(doing: &str, cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(doing, cause, "request failed");
        let detail = format!("The hub could not {doing}; its log has the cause.");
        Self::new(500, "internal", detail)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)
    }
}

impl std::error::Error for Refusal {}
