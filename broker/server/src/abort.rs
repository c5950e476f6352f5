//! A panic in a core ends the process: clients reconnect to a restarted broker, but not to one of
//! which a part is dead.

/// Ends the process when it is dropped by a panic. It lives in every task of a core.
pub(crate) struct AbortOnPanic(pub(crate) u16);

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(core = self.0, "a core of the broker panicked: ending the process");
            std::process::abort();
        }
    }
}
