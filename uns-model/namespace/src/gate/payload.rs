//! What the gate asks of a payload under `uns/v1/` (NS-22): its size, and JSON that is not broken.

use fabric::Rejection;
use schemas::payload::Batch;
use uns_model::Reason;

use crate::Config;

/// Checks size and form; gives what rows of a batch ask for.
pub(super) fn check(payload: &[u8], config: &Config) -> Result<Option<Batch>, Rejection> {
    check_size(payload, config)?;
    schemas::payload::check(payload)
        .map_err(|malformed| Rejection::new(Reason::PayloadMalformed, malformed.to_string()))
}

/// Checks the size alone.
pub(super) fn check_size(payload: &[u8], config: &Config) -> Result<(), Rejection> {
    // Most payloads are short; their kind need not be known.
    if payload.len() <= config.value_bytes_max.min(config.document_bytes_max) {
        return Ok(());
    }
    let (kind, max) = match schemas::payload::is_container(payload) {
        true => ("document", config.document_bytes_max),
        false => ("value", config.value_bytes_max),
    };
    if payload.len() <= max {
        return Ok(());
    }
    let detail = format!(
        "a {kind} of {} bytes exceeds the limit of {max}: publish it in parts, or outside our own \
         prefixes, where it passes as bytes",
        payload.len()
    );
    Err(Rejection::new(Reason::PayloadTooLarge, detail))
}
