//! Log-ins over HTTP and WebSocket that failed: counted against guessing, and told to the operators.

use std::time::Duration;

use broker_codec::ReasonCode;
use broker_engine::{FailedLogin, RefusedLogin, Tried};

use super::{AccessControl, Elsewhere, Shared};

impl Shared {
    /// Counts a failure and has it told: one line for each name, address and minute.
    pub(super) fn note_failure(&self, now: Duration, from: &Elsewhere<'_>, tried: &Tried<'_>) {
        self.failures.add(now, from.address, tried);
        let address = from.address.map(|address| address.to_string());
        let failed = FailedLogin {
            name: tried.name.as_deref(),
            address: address.as_deref().unwrap_or("unknown"),
            listener: "http",
            reason: ReasonCode::BadUserNameOrPassword,
        };
        self.failed_logins.note(now, &failed).iter().for_each(tell);
    }
}

impl AccessControl {
    /// Tells of the failures of the last minute that are not told of yet; to be called now and then.
    pub fn tell_failures(&self) {
        let now = self.0.clock.monotonic();
        self.0.failed_logins.due(now).iter().for_each(tell);
    }
}

fn tell(refused: &RefusedLogin) {
    tracing::info!(
        account = refused.name.as_deref(),
        peer = %refused.address,
        listener = %refused.listener,
        reason = refused.reason.name(),
        failures = refused.count,
        "log-ins were refused"
    );
}
