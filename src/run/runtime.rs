//! Threads beside the broker's: a runtime at lower priority, and named threads for followers.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle};

use anyhow::{Context as _, Result};
use tokio::sync::watch;

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

fn lower_priority() {
    // On Linux this is the calling thread alone.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "thread priority stays as it is");
    }
}

/// Descriptors for files: of the log, of history, of both databases. Without one the log could
/// not go on to its next segment.
const FILES_MAX: u64 = 1024;

/// Connections that HTTP gets at least, where there are few.
const HTTP_MIN: usize = 512;

/// How many connections MQTT and HTTP may have, so that files always find a descriptor: each takes
/// one.
pub(crate) fn connections_max(
    descriptors: Option<u64>,
    mqtt: usize,
    http: usize,
) -> (usize, usize) {
    let Some(limit) = descriptors else { return (mqtt, http) };
    let room = limit.saturating_sub(FILES_MAX.min(limit / 2));
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let least_mqtt = mqtt.min(room - HTTP_MIN.min(room / 4));
    let least_http = http.min(room - least_mqtt);
    if least_mqtt < mqtt {
        tracing::warn!(
            limit,
            mqtt = least_mqtt,
            "the limit of open files allows fewer connections than mqtt.connections_max"
        );
    }
    (least_mqtt, least_http)
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

#[cfg(test)]
mod tests {
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

    #[test]
    fn connections_leave_descriptors_for_files() {
        assert_eq!(connections_max(None, 18_000, 4096), (18_000, 4096));
        assert_eq!(connections_max(Some(1 << 20), 18_000, 4096), (18_000, 4096));
        assert_eq!(connections_max(Some(20_000), 18_000, 4096), (18_000, 976));
        for limit in [64, 1024, 4096, 16_384] {
            let (mqtt, http) = connections_max(Some(limit), 18_000, 4096);
            assert!(mqtt > http && http > 0, "{limit}: {mqtt} and {http}");
            assert!((mqtt + http) as u64 <= limit - FILES_MAX.min(limit / 2), "{limit}");
        }
    }
}
