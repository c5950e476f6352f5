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
    /// Messages dropped, by [`Drop`].
    pub dropped: [u64; Drop::ALL.len()],
}

impl Stats {
    /// How many numbers there are.
    pub const LEN: usize = 9 + Drop::ALL.len();

    /// Counts a dropped message.
    pub fn drop(&mut self, cause: Drop) {
        self.dropped[cause as usize] += 1;
    }

    /// All of them, in an order [`Stats::from_array`] knows.
    pub fn to_array(&self) -> [u64; Self::LEN] {
        let mut all = [0; Self::LEN];
        all[..9].copy_from_slice(&[
            self.clients,
            self.messages_in,
            self.messages_out,
            self.bytes_in,
            self.bytes_out,
            self.rejected,
            self.protocol_errors,
            self.timeouts,
            self.stalls,
        ]);
        all[9..].copy_from_slice(&self.dropped);
        all
    }

    /// The reverse of [`Stats::to_array`].
    pub fn from_array(all: &[u64; Self::LEN]) -> Self {
        let mut stats = Self {
            clients: all[0],
            messages_in: all[1],
            messages_out: all[2],
            bytes_in: all[3],
            bytes_out: all[4],
            rejected: all[5],
            protocol_errors: all[6],
            timeouts: all[7],
            stalls: all[8],
            dropped: [0; Drop::ALL.len()],
        };
        stats.dropped.copy_from_slice(&all[9..]);
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
