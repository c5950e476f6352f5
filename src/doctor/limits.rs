//! What the system lets the hub have: open files, and memory.

use rustix::process::{Resource, getrlimit};

use super::Finding;
use crate::config::Config;
use crate::memory;
use crate::run::descriptors;

const AREA: &str = "limits";

/// Below this a hub refuses soon.
const MEMORY_WANTED: u64 = 192 << 20;

/// Looks at the limits of a hub that this user would start here.
pub(super) fn examine(config: &Config) -> Vec<Finding> {
    vec![open_files(config, getrlimit(Resource::Nofile).maximum), memory(config)]
}

fn open_files(config: &Config, most: Option<u64>) -> Finding {
    let wished = config.mqtt.connections_max;
    let http = config.shares().http_connections;
    let (mqtt, _) = descriptors::connections_max(most, config.mqtt.cores(), (wished, http));
    let limit = most.map_or_else(|| "any number of".to_owned(), |limit| limit.to_string());
    if mqtt >= wished {
        return Finding::ok(AREA, format!("{limit} open files, enough for {wished} connections"));
    }
    Finding::warning(
        AREA,
        format!(
            "{limit} open files: {mqtt} MQTT connections, not the {wished} of mqtt.connections_max"
        ),
        "raise the hard limit: LimitNOFILE=65536 in a systemd unit, `ulimit -Hn 65536` in a root \
         shell, or --ulimit nofile=65536 of a container",
    )
}

fn memory(config: &Config) -> Finding {
    let Some(limit) = memory::find(config.memory.max) else {
        return Finding::ok(AREA, "memory.max is off: nobody watches how much the hub takes");
    };
    let found = format!("the hub keeps below {} MiB, by {}", limit.bytes >> 20, limit.source);
    if limit.bytes >= MEMORY_WANTED {
        return Finding::ok(AREA, found);
    }
    Finding::warning(
        AREA,
        format!("{found}: it will soon refuse new topics and clients"),
        "give it 256 MiB: memory.max, MemoryMax= of a systemd unit, or --memory of a container",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::config::{ByteSize, MemoryMax};

    #[test]
    fn too_few_open_files_are_told() {
        let config = Config::default();
        assert_eq!(open_files(&config, None).verdict, Verdict::Ok);
        let few = open_files(&config, Some(1_024));
        assert_eq!(few.verdict, Verdict::Warning);
        assert!(few.remedy.unwrap().contains("LimitNOFILE"));
    }

    #[test]
    fn little_memory_is_told() {
        let mut config = Config::default();
        config.memory.max = MemoryMax::Bytes(ByteSize::mib(64));
        let found = memory(&config);
        assert_eq!(found.verdict, Verdict::Warning, "{found:?}");
        assert!(found.found.contains("below 64 MiB, by memory.max"), "{found:?}");
    }
}
