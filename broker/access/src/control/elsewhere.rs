//! Log-ins over HTTP and WebSocket, with their own limit of guesses.

use std::sync::Arc;
use std::time::Duration;

use broker_codec::ReasonCode;

use super::quick::Quick;
use super::{AccessControl, Begun, Elsewhere};
use crate::grant::Grant;
use crate::hashes::Nobody;

impl AccessControl {
    /// A name and a password or secret, or a token, from elsewhere than MQTT, as far as it can be
    /// told at once. MQTT has a limit of guesses of its own; this is that of everybody else.
    pub fn begin(&self, from: &Elsewhere<'_>) -> Begun {
        let shared = &self.0;
        let now = shared.clock.monotonic();
        from.with_login(|login| {
            let quick = shared.quick(login);
            // What is known to be good gets in, however many others failed.
            if let Quick::Known(Ok(grant)) = quick {
                return Begun::Known(shared.counted(Ok(grant)));
            }
            let tried = shared.tried(login);
            if shared.failures.is_over(now, from.address, &tried) {
                return Begun::Known(shared.counted(Err(ReasonCode::ConnectionRateExceeded)));
            }
            match quick {
                Quick::Slow => Begun::Slow(now),
                Quick::Known(refused) => {
                    shared.note_failure(now, from, &tried);
                    Begun::Known(shared.counted(refused))
                }
                Quick::Nobody => match shared.elsewhere_hashes.nobody(now, &*shared.random) {
                    Nobody::Hash => Begun::Slow(now),
                    Nobody::Pretend(wait) => {
                        shared.note_failure(now, from, &tried);
                        drop(shared.counted(Err(ReasonCode::BadUserNameOrPassword)));
                        Begun::Refused(ReasonCode::BadUserNameOrPassword, wait)
                    }
                },
            }
        })
    }

    /// What [`AccessControl::begin`] could not tell: takes up to a password hash. It waits `since` then.
    ///
    /// # Errors
    /// Why not, as CONNACK would say it.
    pub fn log_in(&self, from: &Elsewhere<'_>, since: Duration) -> Result<Arc<Grant>, ReasonCode> {
        let shared = &self.0;
        let now = shared.clock.monotonic();
        let queue = (&shared.elsewhere_hashes, now.saturating_sub(since));
        from.with_login(|login| {
            let outcome = match shared.quick(login) {
                Quick::Known(known) => known,
                Quick::Nobody | Quick::Slow => shared.slow(login, queue),
            };
            if outcome.is_err() {
                shared.note_failure(now, from, &shared.tried(login));
            }
            shared.counted(outcome)
        })
    }
}
