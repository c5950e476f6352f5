//! Every limit of the engine, with its default.

use std::time::Duration;

use crate::guesses::Guessing;
use crate::limits::Limits;
use crate::routing::retained::Quota;

/// Limits and times of the engine; the same on every core.
#[derive(Clone, Debug)]
pub struct Config {
    /// Largest packet a client may send; advertised.
    pub packet_bytes_max: usize,
    /// Largest packet before CONNACK, in which strangers say who they are.
    pub connect_bytes_max: usize,
    /// Bytes of the topics one client has given aliases.
    pub alias_bytes_max: usize,
    /// Publishes of QoS 1 and 2 one client may have unacknowledged; advertised.
    pub receive_maximum: u16,
    /// Topic aliases a client may use; advertised.
    pub topic_alias_maximum: u16,
    /// Topic aliases the broker uses towards one client that takes so many; 0 for none.
    pub topic_alias_out_maximum: u16,
    /// Longest keep alive granted, 0 for any; a longer wish gets Server Keep Alive.
    pub keep_alive_max: u16,
    /// How long a client may take to send its whole CONNECT, and then for enhanced authentication.
    pub handshake_timeout: Duration,
    /// Longest data of enhanced authentication, in either direction.
    pub auth_bytes_max: usize,
    /// What is done about guessing passwords.
    pub guessing: Guessing,
    /// What MQTT 3.1.1, which knows no negative acknowledgement, hears of a refused publish.
    pub refusals: Refusals,
    /// How long a connection may be blocked in write without a byte leaving.
    pub write_timeout: Duration,
    /// Longest a session outlives its connection, in seconds, `u32::MAX` for any; a longer wish is
    /// answered in CONNACK, and is what a session of MQTT 3.1.1 gets.
    pub session_expiry_max: u32,
    /// Sessions that outlive their connection, connected or not.
    pub sessions_max: usize,
    /// Messages of QoS 1 and 2 sent to one client and not yet acknowledged by it.
    pub inflight_max: u16,
    /// Messages of QoS 1 and 2 waiting for one client.
    pub queue_count_max: usize,
    /// Their bytes, with topics and properties.
    pub queue_bytes_max: usize,
    /// Bytes waiting for one client from which its publishers pause (see [`Stall`]).
    pub backlog_bytes_high: usize,
    /// Bytes waiting in one connection's output beyond which QoS 0 is dropped. It is never less
    /// than the mark above and what all other cores may have under way to one client.
    pub output_bytes_max: usize,
    /// Bytes waiting for all clients together, in outputs and queues. Beyond it each gets no more
    /// than it takes at once.
    pub waiting_bytes_max: usize,
    /// When publishers wait for a client that is behind, and for how long.
    pub stall: Stall,
    /// Bytes one core may have in the log's queue, not yet committed; publishers pause beyond.
    pub uncommitted_bytes_max: usize,
    /// About how many bytes of what one core admitted may wait to be folded of what takes memory for
    /// good: new topics, longer values, retained messages. Publishers of more pause beyond.
    pub unfolded_bytes_max: usize,
    /// Bytes waiting for one other core from which publishers that feed it pause.
    pub batch_bytes_high: usize,
    /// Subscriptions of one client.
    pub subscriptions_max: usize,
    /// Levels of a topic or filter.
    pub levels_max: usize,
    /// What may be retained.
    pub retained: Quota,
    /// Rates and quotas.
    pub limits: Limits,
    /// Topics whose matches one core remembers.
    pub routes_max: usize,
}

/// How a publish of QoS 1 or 2 that is refused for what it is ends in MQTT 3.1.1. What is refused
/// for lack of space is never acknowledged there: its client is to send it again, later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Refusals {
    /// It is acknowledged like any other, and counted: a client that gets no answer repeats it for
    /// ever.
    #[default]
    Acknowledge,
    /// The connection is closed.
    Close,
}

/// The back-pressure policy. A client with more than [`Config::backlog_bytes_high`] waiting makes
/// its publishers pause, as TCP would, while it drains at least `progress_bytes` per `time`. One
/// that does not is *slow*: nobody waits for it again, and what it cannot take is dropped and
/// counted, until its backlog has gone below half of the mark. So a dead reader delays its
/// publishers once, by `time`, and no one else at all.
#[derive(Clone, Copy, Debug)]
pub struct Stall {
    /// How long to wait for a sign of life.
    pub time: Duration,
    /// How much has to leave in that time.
    pub progress_bytes: u64,
}

/// What the acknowledgements of a listener's clients wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    /// The commit: what is acknowledged is on disk.
    #[default]
    Commit,
    /// Nothing; what is acknowledged is on disk some milliseconds later. Nothing is acknowledged
    /// while commits fail.
    Interval,
    /// Nothing, not even a disk that takes anything.
    Memory,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            packet_bytes_max: 4 << 20,
            connect_bytes_max: 64 << 10,
            alias_bytes_max: 64 << 10,
            receive_maximum: 8192,
            topic_alias_maximum: 128,
            topic_alias_out_maximum: 64,
            keep_alive_max: 0,
            handshake_timeout: Duration::from_secs(10),
            auth_bytes_max: 16 << 10,
            guessing: Guessing::default(),
            refusals: Refusals::default(),
            write_timeout: Duration::from_secs(30),
            session_expiry_max: 7 * 24 * 3600,
            sessions_max: 100_000,
            inflight_max: 2048,
            queue_count_max: 100_000,
            queue_bytes_max: 16 << 20,
            backlog_bytes_high: 1 << 20,
            output_bytes_max: 4 << 20,
            waiting_bytes_max: 1 << 30,
            stall: Stall { time: Duration::from_millis(100), progress_bytes: 256 << 10 },
            uncommitted_bytes_max: 8 << 20,
            unfolded_bytes_max: 2 << 20,
            batch_bytes_high: 256 << 10,
            subscriptions_max: 100_000,
            levels_max: 200,
            retained: Quota { count: 2_000_000, bytes: 1 << 30 },
            limits: Limits::default(),
            routes_max: 65_536,
        }
    }
}

impl Config {
    /// These limits, made consistent for so many cores.
    pub(crate) fn resolved(mut self, cores: u16) -> Self {
        // From each core a batch may lie handed over while the next one fills.
        let under_way = 2 * self.batch_bytes_high * usize::from(cores.saturating_sub(1));
        let least = self.backlog_bytes_high + under_way;
        self.output_bytes_max = self.output_bytes_max.max(least);
        self.waiting_bytes_max /= usize::from(cores.max(1));
        self
    }
}
