//! A panic in what connections share ends the process: clients reconnect to a restarted broker, but
//! not to one of which a part is dead. What concerns one connection alone is caught before
//! (`worker/contain.rs`).

/// Ends the process when it is dropped by a panic. It lives in every task of a core, and names the
/// part that panicked.
pub(crate) struct AbortOnPanic<T: std::fmt::Display>(pub(crate) T);

impl<T: std::fmt::Display> Drop for AbortOnPanic<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(part = %self.0, "a part of the broker panicked: ending the process");
            std::process::abort();
        }
    }
}
