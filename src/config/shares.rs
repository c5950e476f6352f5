//! What each part of the process gets of its memory, where that is little.

use broker_server::EngineConfig;

use super::units::ByteSize;

/// A part's share of the memory, in 64ths.
pub(super) type Share = u64;

/// The log's newest part.
pub(super) const LOG: Share = 4;
/// Values that wait for their file: one load gathers while the one before is written, which takes
/// as much again as both.
pub(super) const HISTORY: Share = 2;
/// Retained messages, as the broker counts them when it admits them: the one limit they have.
pub(super) const RETAINED: Share = 12;
/// What they cost the ledger as well if none of their topics has a node: 67 bytes each, where the
/// broker counts at least 80 and the topic.
pub(super) const RETAINED_PLAIN: Share = 8;
/// What waits for clients, in outputs and queues.
pub(super) const WAITING: Share = 8;
/// One client of them.
pub(super) const OUTBOUND: Share = 1;
/// One packet.
pub(super) const PACKET: Share = 1;
/// Incomplete packets.
pub(super) const UNREAD: Share = 4;
/// What all cores have handed to the log and it has not committed.
pub(super) const UNCOMMITTED: Share = 4;
/// What takes memory for good once it is folded, on its way there.
pub(super) const UNFOLDED: Share = 1;
/// What absent sessions are owed.
pub(super) const OWED: Share = 8;
/// Bodies of HTTP requests and answers.
pub(super) const BODIES: Share = 4;
/// Their headers; few have as many as they may.
pub(super) const HEADERS: Share = 8;
/// One of them.
pub(super) const BODY: Share = 1;

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

/// A share of the memory, or the most where nobody looks.
pub(super) fn part(memory: Option<u64>, share: Share) -> ByteSize {
    memory.map_or(ByteSize::MAX, |memory| ByteSize::bytes(memory / 64 * share).whole_kib())
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
