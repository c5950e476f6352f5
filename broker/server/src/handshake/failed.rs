//! Why a handshake did not succeed.

use std::io;

use super::explain::explain;
use crate::counters::Failure;

/// A handshake that did not succeed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) cause: Failure,
    pub(super) why: String,
    /// What to do about it, for the log; `None` if nothing can be done.
    pub(super) remedy: Option<&'static str>,
}

impl Failed {
    pub(super) fn new(cause: Failure, why: &impl ToString) -> Self {
        Self { cause, why: why.to_string(), remedy: None }
    }

    pub(super) fn proxy(error: &io::Error) -> Self {
        Self::new(Failure::Proxy, error)
    }

    pub(super) fn tls(error: &io::Error) -> Self {
        Self { remedy: explain(error), ..Self::new(Failure::Tls, error) }
    }

    pub(super) fn not_tls() -> Self {
        let remedy = "it speaks MQTT without TLS to a listener with TLS (mqtt.tls.listen): turn TLS \
                    on in the client, or have it connect to mqtt.listen";
        Self { remedy: Some(remedy), ..Self::new(Failure::Tls, &"MQTT without TLS") }
    }

    pub(super) fn upgrade(error: &io::Error) -> Self {
        Self::new(Failure::Upgrade, error)
    }
}
