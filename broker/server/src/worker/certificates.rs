//! Connections whose client certificate would not be taken any more, since its CA was removed or it
//! was revoked: they end when the files have changed.

use broker_codec::ReasonCode;
use broker_engine::Now;

use super::Worker;

/// Connections judged in one turn: checking a signature takes about a tenth of a millisecond.
const SLICE: usize = 100;

impl Worker {
    /// Judges some of the connections that began with other files.
    pub(super) fn judge_certificates(&self, now: Now) {
        let Some(certificates) = &self.certificates else { return };
        let generation = certificates.generation();
        let mut unjudged = self.unjudged.borrow_mut();
        if self.judged.replace(generation) != generation {
            *unjudged = self.links.borrow().keys().copied().collect();
        }
        let rest = unjudged.len().saturating_sub(SLICE);
        for key in unjudged.drain(rest..) {
            let Some(link) = self.link(key) else { continue };
            let taken = link
                .stream
                .borrow()
                .client_certificates()
                .is_none_or(|shown| certificates.still_takes(shown));
            if taken {
                continue;
            }
            let mut engine = self.engine.borrow_mut();
            let client_id = engine.client(key).map(|client| client.client_id);
            tracing::info!(
                client = client_id.as_deref(),
                "a connection ends, since its client certificate is not taken any more"
            );
            if !engine.kick(now, key) {
                engine.refuse(key, ReasonCode::NotAuthorized);
            }
        }
    }
}
