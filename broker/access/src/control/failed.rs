//! Failed log-ins over HTTP and WebSocket. They count against guessing and are logged.

use std::time::Duration;

use broker_codec::ReasonCode;
use broker_engine::{FailedLogin, RefusedLogin, Tried};

use super::{AccessControl, HttpLogin, Shared};

impl Shared {
    /// Counts a failure and logs it, with one line for each name, address and minute.
    pub(super) fn note_failure(&self, now: Duration, from: &HttpLogin<'_>, tried: &Tried<'_>) {
        self.failures.add(now, from.address, tried);
        let address = from.address.map(|address| address.to_string());
        let failed = FailedLogin {
            name: tried.name.as_deref(),
            address: address.as_deref().unwrap_or("unknown"),
            listener: "http",
            reason: ReasonCode::BadUserNameOrPassword,
        };
        self.failed_logins.note(now, &failed).iter().for_each(log);
    }
}

impl AccessControl {
    /// Logs the failures of the last minute that were not logged yet. To be called from time to time.
    pub fn log_failures(&self) {
        let now = self.0.context.clock.monotonic();
        self.0.failed_logins.due(now).iter().for_each(log);
    }
}

fn log(refused: &RefusedLogin) {
    tracing::info!(
        account = refused.name.as_deref(),
        peer = %refused.address,
        listener = %refused.listener,
        reason = refused.reason.name(),
        failures = refused.count,
        "log-ins were refused"
    );
}
