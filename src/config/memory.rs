//! `[memory]`: how much the process may take, and what of it each of its parts gets where that is
//! little.

use std::fmt;

use anyhow::Result;
use broker_server::EngineConfig;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::units::WithUnit;
use super::{ByteSize, Config, within};

/// `[memory]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Memory {
    pub(crate) max: MemoryMax,
}

/// How much memory the process may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MemoryMax {
    /// What its group of processes, or the machine, lets it have.
    #[default]
    Auto,
    /// So much.
    Bytes(ByteSize),
    /// Nobody looks.
    Off,
}

impl fmt::Display for MemoryMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Bytes(size) => size.fmt(f),
            Self::Off => f.write_str("off"),
        }
    }
}

impl<'de> Deserialize<'de> for MemoryMax {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = from.deserialize_str(WithUnit("auto, off or a size such as 256MiB"))?;
        match text.as_str() {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            size => ByteSize::parse(size).map(Self::Bytes).ok_or_else(|| {
                D::Error::custom(format!("`{text}` is no size; write auto, 256MiB, 1GiB or off"))
            }),
        }
    }
}

impl Serialize for MemoryMax {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Memory {
    pub(super) fn check(&self) -> Result<()> {
        let MemoryMax::Bytes(size) = self.max else { return Ok(()) };
        within("memory.max", size, ByteSize::mib(64), ByteSize::mib(1 << 20))
    }
}

/// A part's share of the memory, in 64ths.
type Share = u64;

/// The log's newest part.
const LOG: Share = 4;
/// Values that wait for their file: one load gathers while the one before is written, which takes
/// as much again as both.
const HISTORY: Share = 2;
/// Retained messages, as the broker counts them when it admits them: the one limit they have.
const RETAINED: Share = 12;
/// What they cost the ledger as well if none of their topics has a node: 67 bytes each, where the
/// broker counts at least 80 and the topic.
const RETAINED_PLAIN: Share = 8;
/// What waits for clients, in outputs and queues.
const WAITING: Share = 8;
/// One client of them.
const OUTBOUND: Share = 1;
/// One packet.
const PACKET: Share = 1;
/// Incomplete packets.
const UNREAD: Share = 4;
/// What all cores have handed to the log and it has not committed.
const UNCOMMITTED: Share = 4;
/// What takes memory for good once it is folded, on its way there.
const UNFOLDED: Share = 1;
/// What absent sessions are owed.
const OWED: Share = 8;
/// Bodies of HTTP requests and answers.
const BODIES: Share = 4;
/// Their headers; few have as many as they may.
const HEADERS: Share = 8;
/// One of them.
const BODY: Share = 1;

/// What is left is for nodes, sessions, subscriptions, and the process itself.
const _: () = assert!(
    LOG + 4 * HISTORY
        + RETAINED
        + RETAINED_PLAIN
        + WAITING
        + UNREAD
        + UNCOMMITTED
        + UNFOLDED
        + OWED
        + BODIES
        <= 61,
    "the parts fit together"
);

/// Limits nobody sets by themselves, within the memory there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    pub(crate) waiting_bytes: usize,
    pub(crate) unread_bytes: usize,
    /// Of one core.
    pub(crate) uncommitted_bytes: usize,
    /// Of one core.
    pub(crate) unfolded_bytes: usize,
    /// Deliveries owed to all sessions together.
    pub(crate) owed_count: usize,
    pub(crate) bodies_bytes: usize,
    pub(crate) http_connections: usize,
}

impl Shares {
    /// Of so much memory, for so many cores; of plenty where nobody looks.
    pub(crate) fn of(memory: Option<u64>, cores: usize) -> Self {
        /// What one costs the ledger.
        const OWED_BYTES: usize = 24;
        let share = |share: Share, most: ByteSize| part(memory, share).min(most).as_usize();
        /// What one of HTTP may hold of its headers.
        const HEADER_BYTES: usize = hub_kit::http::HEADER_BYTES_MAX;
        let mib = ByteSize::mib;
        let engine = EngineConfig::default();
        // However many cores there are, each goes on with a little.
        let core = |share: Share, most: usize| {
            (part(memory, share).as_usize() / cores.max(1)).clamp(most / 32, most)
        };
        Self {
            waiting_bytes: share(WAITING, mib(1024)),
            unread_bytes: share(UNREAD, mib(256)),
            uncommitted_bytes: core(UNCOMMITTED, engine.uncommitted_bytes_max),
            unfolded_bytes: core(UNFOLDED, engine.unfolded_bytes_max),
            owed_count: share(OWED, mib(183)) / OWED_BYTES,
            bodies_bytes: share(BODIES, mib(256)),
            http_connections: share(HEADERS, mib(256)) / HEADER_BYTES,
        }
    }
}

fn part(memory: Option<u64>, share: Share) -> ByteSize {
    memory.map_or(ByteSize::MAX, |memory| ByteSize::bytes(memory / 64 * share).whole_kib())
}

impl Config {
    /// Limits that follow from the memory there is.
    pub(crate) fn shares(&self) -> Shares {
        let memory = crate::memory::find(self.memory.max).map(|limit| limit.bytes);
        Shares::of(memory, self.mqtt.cores())
    }

    /// Lowers what nobody set to its share of the memory, where that is less than the default.
    pub(super) fn fit(&mut self, memory: Option<u64>, is_given: &dyn Fn(&str) -> bool) {
        let fit = |key: &str, value: &mut ByteSize, share: Share, least: ByteSize| {
            if !is_given(key) {
                *value = (*value).min(part(memory, share).max(least));
            }
        };
        let (kib, mib) = (ByteSize::kib, ByteSize::mib);
        fit("log.memory", &mut self.log.memory, LOG, mib(1));
        fit("history.memory", &mut self.history.memory, HISTORY, mib(1));
        fit("http.body_bytes_max", &mut self.http.body_bytes_max, BODY, mib(1));
        let mqtt = &mut self.mqtt;
        fit("mqtt.packet_bytes_max", &mut mqtt.packet_bytes_max, PACKET, kib(1088));
        fit("mqtt.outbound_bytes_max", &mut mqtt.outbound_bytes_max, OUTBOUND, kib(64));
        let retained = &mut mqtt.limits.retained_bytes;
        fit("mqtt.limits.retained_bytes", retained, RETAINED, mib(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(mib: Option<u64>, given: &[&str]) -> [usize; 5] {
        let mut config = Config::default();
        config.fit(mib.map(|mib| mib << 20), &|key| given.contains(&key));
        let limits = &config.mqtt.limits;
        [
            config.log.memory,
            config.history.memory,
            limits.retained_bytes,
            config.mqtt.outbound_bytes_max,
            config.http.body_bytes_max,
        ]
        .map(|size| size.as_usize() >> 10)
    }

    #[test]
    fn what_nobody_set_shrinks_with_the_memory() {
        let plenty = [64 << 10, 256 << 10, 1 << 20, 8 << 10, 8 << 10];
        assert_eq!(fitted(None, &[]), plenty);
        assert_eq!(fitted(Some(64 << 10), &[]), plenty);
        let little = [12 << 10, 6 << 10, 36 << 10, 3 << 10, 3 << 10];
        assert_eq!(fitted(Some(192), &[]), little);
        assert_eq!(fitted(Some(192), &["log.memory"])[0], plenty[0]);
        assert_eq!(fitted(Some(1), &[])[..2], [1 << 10, 1 << 10], "and no further");
    }

    #[test]
    fn limits_without_a_key_follow() {
        let few = Shares::of(Some(192 << 20), 2);
        assert_eq!((few.waiting_bytes, few.owed_count), (24 << 20, 1 << 20));
        assert_eq!(Shares::of(None, 2).waiting_bytes, 1 << 30);
        let all = Shares::of(None, 64);
        let plenty = EngineConfig::default();
        assert_eq!(
            (few.uncommitted_bytes, few.unfolded_bytes),
            (6 << 20, 3 << 19),
            "of each of two cores"
        );
        let many = Shares::of(Some(192 << 20), 64);
        assert_eq!((many.uncommitted_bytes, many.unfolded_bytes), (256 << 10, 64 << 10));
        assert_eq!(all.uncommitted_bytes, plenty.uncommitted_bytes_max);
        assert_eq!(all.unfolded_bytes, plenty.unfolded_bytes_max);
        assert!(all.owed_count >= 7_990_000 && all.http_connections == 8192, "{all:?}");
    }

    #[test]
    fn sizes_and_words() {
        let read = |text: &str| super::super::load(None, &[format!("memory.max={text}")]);
        let max = |text| read(text).map(|config| config.memory.max);
        assert_eq!(max("off").unwrap(), MemoryMax::Off);
        assert_eq!(max("auto").unwrap(), MemoryMax::Auto);
        assert_eq!(max("256MiB").unwrap(), MemoryMax::Bytes(ByteSize::mib(256)));
        for (bad, says) in [("1MiB", "64MiB"), ("many", "auto, 256MiB, 1GiB or off"), ("7", "off")]
        {
            let error = format!("{:#}", max(bad).unwrap_err());
            assert!(error.contains("memory.max") && error.contains(says), "{error}");
        }
        assert_eq!(read("192MiB").unwrap().log.memory, ByteSize::mib(12));
    }
}
