//! What the gate asks of a payload under `uns/v1/` (NS-22): its size, and JSON that is not broken.

use crate::{Config, Reason, Reject};

/// Checks size and form.
pub(super) fn check(payload: &[u8], config: &Config) -> Result<(), Reject> {
    check_size(payload, config)?;
    schemas::payload::check(payload)
        .map_err(|malformed| Reject::new(Reason::PayloadMalformed, malformed.to_string()))
}

/// Checks the size alone.
pub(super) fn check_size(payload: &[u8], config: &Config) -> Result<(), Reject> {
    // Most payloads are short; their kind need not be known.
    if payload.len() <= config.value_bytes_max.min(config.document_bytes_max) {
        return Ok(());
    }
    let container = matches!(payload.trim_ascii_start().first(), Some(b'{' | b'['));
    let (kind, max) = match container {
        true => ("document", config.document_bytes_max),
        false => ("value", config.value_bytes_max),
    };
    if payload.len() <= max {
        return Ok(());
    }
    let detail = format!("a {kind} of {} bytes exceeds the limit of {max}", payload.len());
    Err(Reject::new(Reason::PayloadTooLarge, detail))
}

/// Whether an object begins with `"points"`, the mark of a children batch (NS-21).
pub(super) fn looks_like_children(payload: &[u8]) -> bool {
    payload.first().is_some_and(|byte| *byte == b'{' || byte.is_ascii_whitespace())
        && payload
            .trim_ascii_start()
            .strip_prefix(b"{")
            .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\"points\""))
}
