//! Threads beside the broker's: a runtime at lower priority, and named threads for followers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle};

use anyhow::{Context as _, Result};
use tokio::sync::watch;

/// How much lower the priority of hub threads is, so that a heavy query cannot delay a PUBACK.
const NICE: i32 = 10;

/// Threads beside the workers that read files and hash passwords; the rest waits its turn.
pub(super) const BLOCKING_THREADS: usize = 64;

/// The runtime of modules, HTTP and queries.
pub(crate) fn hub_runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("hub")
        .on_thread_start(lower_priority)
        .on_thread_park(crate::memory::give_back_if_asked)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .context("the hub's threads cannot be started")
}

/// A thread that follows the log until it is told to stop. Its panic, or its end before that, ends
/// the process: half a hub would serve lies, and whoever waits for it would wait for ever.
pub(crate) fn follower<E: std::error::Error + 'static>(
    name: &'static str,
    stop: watch::Receiver<bool>,
    run: impl FnOnce(watch::Receiver<bool>) -> Result<(), E> + Send + 'static,
) -> Result<JoinHandle<()>> {
    let guarded = move || {
        lower_priority();
        let told = stop.clone();
        let outcome = catch_unwind(AssertUnwindSafe(|| run(stop)));
        if !ended_well(name, &outcome, &told) {
            std::process::abort();
        }
    };
    Builder::new().name(name.into()).spawn(guarded).with_context(|| format!("no thread for {name}"))
}

fn ended_well<E: std::error::Error + 'static>(
    thread: &'static str,
    outcome: &std::thread::Result<Result<(), E>>,
    stop: &watch::Receiver<bool>,
) -> bool {
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            let error = error as &dyn std::error::Error;
            tracing::error!(thread, error, "a follower of the log ended with an error");
        }
        Err(_) => tracing::error!(thread, "a follower of the log panicked; the hub stops"),
    }
    let told = *stop.borrow() || stop.has_changed().is_err();
    if !told {
        tracing::error!(thread, "a follower of the log ended too early; the hub stops");
    }
    told && outcome.is_ok()
}

/// What the hub cannot do without, as a task: its panic ends the process.
pub(super) async fn essential(part: &'static str, task: impl Future<Output = ()>) {
    let _guard = EndsTheProcess(part);
    task.await;
}

struct EndsTheProcess(&'static str);

impl Drop for EndsTheProcess {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(part = self.0, "a part the hub cannot do without panicked: it ends");
            std::process::abort();
        }
    }
}

fn lower_priority() {
    // On Linux this is the calling thread alone.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "thread priority stays as it is");
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_follower_ends_when_it_is_told_to() {
        let (tell, stop) = watch::channel(false);
        let error = || Err(io::Error::other("no thread"));
        assert!(!ended_well("x", &Ok(error()), &stop));
        assert!(!ended_well("x", &Ok(Ok::<(), io::Error>(())), &stop));
        tell.send_replace(true);
        assert!(ended_well("x", &Ok(Ok::<(), io::Error>(())), &stop));
        assert!(ended_well("x", &Ok(error()), &stop), "the next start replays the log");
        assert!(!ended_well::<io::Error>("x", &Err(Box::new("a panic")), &stop));
    }
}
