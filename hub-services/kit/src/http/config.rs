//! Limits of the HTTP side.

use std::time::Duration;

/// Limits of the HTTP side.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// The largest request body.
    pub body_bytes_max: usize,
    /// Bodies of all requests under way, as they arrive, and of answers not yet written; one caller
    /// gets at most half of it.
    pub bodies_bytes_max: usize,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// How many requests may be worked on at once, half of them of one caller.
    pub requests_max: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            body_bytes_max: 8 * 1024 * 1024,
            bodies_bytes_max: 256 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            requests_max: 256,
        }
    }
}
