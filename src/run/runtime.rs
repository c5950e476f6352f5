//! Threads beside the broker's: a runtime at lower priority, and named threads for followers.

use std::io;
use std::thread::{Builder, JoinHandle};

use anyhow::{Context as _, Result};

/// How much lower the priority of hub threads is, so that a heavy query cannot delay a PUBACK.
const NICE: i32 = 10;

/// The runtime of modules, HTTP and queries.
pub(crate) fn hub_runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("hub")
        .on_thread_start(lower_priority)
        .enable_all()
        .build()
        .context("the hub's threads cannot be started")
}

/// A thread that follows the log. Its panic ends the process: half a hub would serve lies.
pub(crate) fn follower(
    name: &'static str,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>> {
    let guarded = move || {
        lower_priority();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        if outcome.is_err() {
            tracing::error!(thread = name, "a follower of the log panicked; the hub stops");
            std::process::abort();
        }
    };
    Builder::new().name(name.into()).spawn(guarded).with_context(|| format!("no thread for {name}"))
}

fn lower_priority() {
    // On Linux this is the calling thread alone.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "thread priority stays as it is");
    }
}

/// Raises the limit of open descriptors as far as this user may; one connection takes one.
pub(crate) fn raise_descriptor_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised).map_err(io::Error::from) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::debug!(%error, "the descriptor limit stays as it is");
            limit.current
        }
    }
}
