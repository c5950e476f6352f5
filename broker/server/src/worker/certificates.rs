//! Ends connections whose client certificate is not accepted any more, because its CA was removed or
//! it was revoked. They are checked when the TLS files have changed.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use broker_codec::ReasonCode;
use broker_engine::{Engine, Key, Now};

use super::connection::Connections;
use super::stream::Stream;
use crate::gate::ServerGate;
use crate::tls::Certificates;

/// How many connections are checked at once. Checking a signature takes about 0.1 ms.
const SLICE: usize = 100;

/// Checks the connections of a core against the current TLS files.
pub(super) struct CertificateCheck {
    certificates: Arc<Certificates>,
    /// The generation of the files that the connections were checked against.
    checked: Cell<u64>,
    /// Connections that are still to be checked against that generation.
    unchecked: RefCell<Vec<Key>>,
}

impl CertificateCheck {
    pub(super) fn new(certificates: Arc<Certificates>) -> Self {
        Self { certificates, checked: Cell::default(), unchecked: RefCell::default() }
    }

    /// Checks some of the connections that began with other files.
    pub(super) fn check_slice(
        &self,
        engine: &RefCell<Engine<ServerGate>>,
        connections: &Connections,
        now: Now,
    ) {
        let generation = self.certificates.generation();
        let mut unchecked = self.unchecked.borrow_mut();
        if self.checked.replace(generation) != generation {
            *unchecked = connections.keys();
        }
        let rest = unchecked.len().saturating_sub(SLICE);
        for key in unchecked.drain(rest..) {
            let Some(connection) = connections.get(key) else { continue };
            let still_accepted = |stream: &Stream| {
                let shown = stream.client_certificates();
                shown.is_none_or(|shown| self.certificates.still_accepts(shown))
            };
            if still_accepted(&connection.stream.borrow()) {
                continue;
            }
            let mut engine = engine.borrow_mut();
            let client_id = engine.client(key).map(|client| client.client_id);
            tracing::info!(
                client = client_id.as_deref(),
                "a connection ends, since its client certificate is not accepted any more"
            );
            if !engine.kick(now, key) {
                engine.refuse(key, ReasonCode::NotAuthorized);
            }
        }
    }
}
