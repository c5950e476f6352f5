//! Log-ins over HTTP and WebSocket. They have a limit of guesses of their own.

use std::sync::Arc;
use std::time::Duration;

use broker_codec::ReasonCode;

use super::decide::HashQueue;
use super::first_check::FirstCheck;
use super::{AccessControl, HttpLogin, LoginStart};
use crate::grant::Grant;
use crate::hash_times::UnknownName;

impl AccessControl {
    /// Checks a name with a password or secret, or a token, as far as that is quick. MQTT has another
    /// limit of guesses.
    pub fn begin(&self, from: &HttpLogin<'_>) -> LoginStart {
        let shared = &self.0;
        let now = shared.context.clock.monotonic();
        from.with_login(|login| {
            let check = shared.first_check(login);
            // A credential that is known to be right is accepted, however many others failed.
            if let FirstCheck::Decided(Ok(grant)) = check {
                return LoginStart::Decided(shared.counted(Ok(grant)));
            }
            let tried = shared.tried(login);
            if shared.failures.is_over(now, from.address, &tried) {
                return LoginStart::Decided(
                    shared.counted(Err(ReasonCode::ConnectionRateExceeded)),
                );
            }
            match check {
                FirstCheck::MustVerify => LoginStart::MustVerify(now),
                FirstCheck::Decided(refused) => {
                    shared.note_failure(now, from, &tried);
                    LoginStart::Decided(shared.counted(refused))
                }
                FirstCheck::UnknownName => {
                    match shared.http_hashes.unknown_name(now, &*shared.random) {
                        UnknownName::Verify => LoginStart::MustVerify(now),
                        UnknownName::RefuseAfter(wait) => {
                            shared.note_failure(now, from, &tried);
                            drop(shared.counted(Err(ReasonCode::BadUserNameOrPassword)));
                            LoginStart::RefusedAfter(ReasonCode::BadUserNameOrPassword, wait)
                        }
                    }
                }
            }
        })
    }

    /// Verifies what [`AccessControl::begin`] could not decide, which may take a password hash. The
    /// log-in waits since `since`.
    ///
    /// # Errors
    /// The reason code that CONNACK would have.
    pub fn log_in(&self, from: &HttpLogin<'_>, since: Duration) -> Result<Arc<Grant>, ReasonCode> {
        let shared = &self.0;
        let now = shared.context.clock.monotonic();
        let queue = HashQueue { times: &shared.http_hashes, waited: now.saturating_sub(since) };
        from.with_login(|login| {
            let outcome = match shared.first_check(login) {
                FirstCheck::Decided(known) => known,
                FirstCheck::UnknownName | FirstCheck::MustVerify => shared.verify(login, queue),
            };
            if outcome.is_err() {
                shared.note_failure(now, from, &shared.tried(login));
            }
            shared.counted(outcome)
        })
    }
}
