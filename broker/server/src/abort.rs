//! A panic in what connections share ends the process: clients reconnect to a restarted broker, but
//! not to one of which a part is dead. A panic that concerns one connection alone is caught earlier
//! (`worker/panics.rs`).

/// Ends the process when a panic drops it. Every task of a core holds one, with the name of the part
/// it runs.
pub(crate) struct AbortOnPanic<T: std::fmt::Display>(pub(crate) T);

impl<T: std::fmt::Display> Drop for AbortOnPanic<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(part = %self.0, "a part of the broker panicked: ending the process");
            std::process::abort();
        }
    }
}

/// Spawns a task on this thread. A panic in it ends the process.
pub(crate) fn spawn_guarded<T: std::fmt::Display + 'static>(
    part: T,
    task: impl Future<Output = ()> + 'static,
) {
    tokio::task::spawn_local(async move {
        let _guard = AbortOnPanic(part);
        task.await;
    });
}
