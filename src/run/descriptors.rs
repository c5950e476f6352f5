//! Descriptors: how many this process may have, and how many of them connections get.
//!
//! What is kept back is what is bounded elsewhere. Readers of log and history hold no descriptor
//! between two reads (`fabric::Reopened`), so files are bounded by threads, not by who asks.

use std::io;

use broker_server::REFUSED_MAX;

use super::runtime::BLOCKING_THREADS;

/// The hub alone: standard streams and runtime (12); six listeners and what each has just accepted
/// (12); two logs with the segments being written, read and prepared (8); checkpoints, lock, TLS and
/// account files (12); the catalog and eight connections to the other database, each with its
/// write-ahead log and a temporary file (30); some to spare; and what HTTP answers beyond its limit.
const FIXED: usize = 96 + hub_kit::http::RESERVE;

/// For each core: events and signals of its runtime, and the files of a thread.
const PER_CORE: usize = 8;

/// Connections that HTTP gets at least, where there are few.
const HTTP_MIN: usize = 256;

/// How many connections MQTT and HTTP may have, so that everything else always finds a descriptor.
pub(crate) fn connections_max(
    descriptors: Option<u64>,
    cores: usize,
    (mqtt, http): (usize, usize),
) -> (usize, usize) {
    let Some(limit) = descriptors else { return (mqtt, http) };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let files = FIXED + PER_CORE * cores + BLOCKING_THREADS;
    let room = limit.saturating_sub((files + REFUSED_MAX).min(limit / 2));
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
pub(crate) fn raise() -> Option<u64> {
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
    fn connections_leave_descriptors_for_files() {
        let share = |limit, mqtt| connections_max(limit, 2, (mqtt, 4096));
        assert_eq!(share(None, 19_000), (19_000, 4096));
        assert_eq!(share(Some(1 << 20), 19_000), (19_000, 4096));
        assert_eq!(share(Some(20_000), 19_000), (19_000, 664));
        assert_eq!(share(Some(20_000), 19_500), (19_408, 256));
        assert_eq!(share(Some(20_000), 30_000), (19_408, 256));
        for limit in [64, 512, 1024, 4096, 16_384] {
            let (mqtt, http) = share(Some(limit), 19_000);
            assert!(mqtt > http && http > 0, "{limit}: {mqtt} and {http}");
            let files = (FIXED + 2 * PER_CORE + BLOCKING_THREADS + REFUSED_MAX) as u64;
            assert!((mqtt + http) as u64 <= limit - files.min(limit / 2), "{limit}");
        }
        assert!(connections_max(Some(20_000), 48, (19_000, 4096)).0 >= 19_000);
    }
}
