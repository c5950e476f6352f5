//! What one core counts: plain numbers, which its owner copies out for others to read.

/// Why a message did not reach a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Drop {
    /// QoS 0, and the client's output was full.
    OutputFull,
    /// QoS 1, and the client's queue was full.
    QueueFull,
    /// It was larger than the client's Maximum Packet Size.
    TooLarge,
    /// It expired in the queue.
    Expired,
    /// Its client left before it could be sent.
    ClientGone,
}

impl Drop {
    /// Every cause.
    pub const ALL: [Self; 5] =
        [Self::OutputFull, Self::QueueFull, Self::TooLarge, Self::Expired, Self::ClientGone];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::OutputFull => "output_full",
            Self::QueueFull => "queue_full",
            Self::TooLarge => "packet_too_large",
            Self::Expired => "expired",
            Self::ClientGone => "client_gone",
        }
    }
}

/// Why a log-in failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum LoginFailure {
    /// User name or password are wrong.
    Credentials,
    /// Whoever it is may not connect, or not there.
    NotAuthorized,
    /// The authentication method is not known.
    Method,
    /// Too many log-ins wait to be verified.
    Busy,
    /// Too many failed before from the same place.
    Guessing,
    /// The client took too long in enhanced authentication, or broke its rules.
    Exchange,
    /// Any other reason.
    Other,
}

impl LoginFailure {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Credentials,
        Self::NotAuthorized,
        Self::Method,
        Self::Busy,
        Self::Guessing,
        Self::Exchange,
        Self::Other,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Credentials => "bad_credentials",
            Self::NotAuthorized => "not_authorized",
            Self::Method => "bad_method",
            Self::Busy => "busy",
            Self::Guessing => "guessing",
            Self::Exchange => "exchange",
            Self::Other => "other",
        }
    }
}

/// Counters of one core since its start, and a few gauges.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Connected clients (gauge).
    pub clients: u64,
    /// PUBLISH packets received and accepted.
    pub messages_in: u64,
    /// PUBLISH packets put into the output of a client.
    pub messages_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Publishes refused.
    pub rejected: u64,
    /// Connections ended for malformed or forbidden packets.
    pub protocol_errors: u64,
    /// Connections ended by a timeout: handshake, keep alive, write.
    pub timeouts: u64,
    /// Times a publisher was paused for a slow client, a full log or another core.
    pub stalls: u64,
    /// Publishes and subscriptions refused for lack of rights; the former are in `rejected` too.
    pub denied: u64,
    /// Messages dropped, by [`Drop`].
    pub dropped: [u64; Drop::ALL.len()],
    /// Log-ins that failed, by [`LoginFailure`].
    pub auth_failed: [u64; LoginFailure::ALL.len()],
}

impl Stats {
    /// How many numbers there are.
    pub const LEN: usize = Self::PLAIN + Drop::ALL.len() + LoginFailure::ALL.len();

    const PLAIN: usize = 10;

    /// Counts a dropped message.
    pub fn drop(&mut self, cause: Drop) {
        self.dropped[cause as usize] += 1;
    }

    /// Counts a log-in that failed.
    pub fn login_failed(&mut self, failure: LoginFailure) {
        self.auth_failed[failure as usize] += 1;
    }

    /// All of them, in an order [`Stats::from_array`] knows.
    pub fn to_array(&self) -> [u64; Self::LEN] {
        let mut all = [0; Self::LEN];
        let (plain, rest) = all.split_at_mut(Self::PLAIN);
        let (dropped, auth_failed) = rest.split_at_mut(Drop::ALL.len());
        plain.copy_from_slice(&[
            self.clients,
            self.messages_in,
            self.messages_out,
            self.bytes_in,
            self.bytes_out,
            self.rejected,
            self.protocol_errors,
            self.timeouts,
            self.stalls,
            self.denied,
        ]);
        dropped.copy_from_slice(&self.dropped);
        auth_failed.copy_from_slice(&self.auth_failed);
        all
    }

    /// The reverse of [`Stats::to_array`].
    pub fn from_array(all: &[u64; Self::LEN]) -> Self {
        let (plain, rest) = all.split_at(Self::PLAIN);
        let (dropped, auth_failed) = rest.split_at(Drop::ALL.len());
        let mut stats = Self {
            clients: plain[0],
            messages_in: plain[1],
            messages_out: plain[2],
            bytes_in: plain[3],
            bytes_out: plain[4],
            rejected: plain[5],
            protocol_errors: plain[6],
            timeouts: plain[7],
            stalls: plain[8],
            denied: plain[9],
            ..Self::default()
        };
        stats.dropped.copy_from_slice(dropped);
        stats.auth_failed.copy_from_slice(auth_failed);
        stats
    }

    /// The sum over two cores.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut sum = self.to_array();
        sum.iter_mut().zip(other.to_array()).for_each(|(a, b)| *a += b);
        Self::from_array(&sum)
    }
}
