//! Settings of the log of publishes.

use std::sync::Arc;

use broker_server::EngineConfig;
use fabric::{Stream, Upgrade};
use fabric_local::{LogConfig, Origin};
use uns_namespace::PayloadReader;

use crate::config::{Config, OnDamage};

/// More than one batch of a core can have: a large packet, expanded, behind many small ones.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// How the log of publishes is kept and read; old records as the gate of this namespace reads payloads.
pub(super) fn settings(
    config: &Config,
    origin: &Origin,
    namespace: &uns_namespace::Config,
) -> LogConfig {
    let reader = PayloadReader::new(namespace);
    let upgrade: Arc<dyn Upgrade> = Arc::new(reader);
    LogConfig { known_key: origin.key(), upgrade: Some(upgrade), ..configured(config) }
}

fn configured(config: &Config) -> LogConfig {
    let defaults = LogConfig::for_stream(Stream::Data);
    LogConfig {
        queue_bytes: defaults.queue_bytes.max(queue_bytes(config.mqtt.cores())),
        memory_bytes: config.log.memory.as_usize(),
        retention_age: Some(config.log.keep.0),
        retention_percent: config.log.keep_percent,
        hold_percent: config.log.keep_percent.saturating_mul(2).min(90),
        on_damage: match config.log.on_damage {
            OnDamage::Serve => fabric_local::OnDamage::Serve,
            OnDamage::Refuse => fabric_local::OnDamage::Refuse,
        },
        ..defaults
    }
}

/// Each core pauses its publishers once so much is uncommitted, and may be one batch beyond it: the
/// queue takes all of that, so that it never refuses what a core has admitted.
fn queue_bytes(cores: usize) -> usize {
    cores.saturating_mul(EngineConfig::default().uncommitted_bytes_max + BATCH_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_holds_what_all_cores_may_have_uncommitted() {
        let mut config = Config::default();
        for cores in [1, 8, 64] {
            config.mqtt.cores = cores;
            let all = cores * EngineConfig::default().uncommitted_bytes_max;
            assert!(configured(&config).queue_bytes > all, "{cores} cores");
        }
    }
}
