//! What one core counts: plain numbers, which its owner copies out for others to read.

mod causes;
mod output;

pub use causes::{Drop, End, Leniency, Limit, LoginFailure};
pub(crate) use output::OutputStats;

const DROPS: usize = Drop::ALL.len();
const ENDS: usize = End::ALL.len();
const LOGINS: usize = LoginFailure::ALL.len();
const LIMITS: usize = Limit::ALL.len();
const LENIENCIES: usize = Leniency::ALL.len();

/// Single numbers first, then those by cause; [`Stats::to_array`] has them in this order.
macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of one core since its start, and a few gauges.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct Stats {
            $($(#[$doc])* pub $name: u64,)*
            /// Messages dropped, by [`Drop`].
            pub dropped: [u64; DROPS],
            /// Connected clients whose connection ended, by [`End`].
            pub ended: [u64; ENDS],
            /// Connections refused before they were connected, by [`End`].
            pub refused: [u64; ENDS],
            /// Log-ins that failed, by [`LoginFailure`].
            pub auth_failed: [u64; LOGINS],
            /// Times a limit was met, by [`Limit`].
            pub limited: [u64; LIMITS],
            /// Faults that a lenient listener passed over, by [`Leniency`].
            pub forgiven: [u64; LENIENCIES],
        }

        const SINGLE: usize = [$(stringify!($name)),*].len();

        impl Stats {
            fn single(&self) -> [u64; SINGLE] {
                [$(self.$name),*]
            }

            fn single_mut(&mut self) -> [&mut u64; SINGLE] {
                [$(&mut self.$name),*]
            }
        }
    };
}

numbers! {
    /// Connected clients (gauge).
    clients,
    /// CONNECT packets accepted.
    connects,
    /// Packets received, of any type.
    packets_in,
    /// Packets other than PUBLISH put into the output of a client.
    control_out,
    /// PUBLISH packets received and accepted.
    messages_in,
    /// PUBLISH packets put into the output of a client.
    messages_out,
    /// Bytes of their payloads received.
    payload_in,
    /// Bytes of their payloads put into outputs.
    payload_out,
    /// Bytes received.
    bytes_in,
    /// Bytes sent.
    bytes_out,
    /// Publishes refused.
    rejected,
    /// Refused publishes that were described as dead letters.
    dead_letters,
    /// Refused publishes for which another one's description stands.
    dead_letters_folded,
    /// Connections ended for malformed or forbidden packets.
    protocol_errors,
    /// Connections ended by a timeout: handshake, keep alive, write.
    timeouts,
    /// Times a publisher was paused for a slow client, a full log or another core.
    stalls,
    /// Publishes and subscriptions refused for lack of rights; the former are in `rejected` too.
    denied,
    /// The publishes of them.
    denied_publishes,
    /// Publishes refused since their packet is over the limit; they are in `rejected` too.
    oversize,
    /// Publishes refused for lack of memory before the gate saw them.
    memory_publishes,
    /// Sessions that ended because their client did not come back in time.
    sessions_expired,
    /// Times that retained messages of a new subscription had to wait anew, since more was sent live
    /// meanwhile than could be noted.
    walks_restarted,
    /// Sessions in the log whose client was connected at the last tick (gauge).
    sessions_connected,
    /// Publishers paused at the last tick (gauge).
    paused,
    /// Clients that were slow at the last tick: nobody waits for them (gauge).
    slow,
    /// Messages sent and not acknowledged at the last tick (gauge).
    in_flight,
    /// Messages in the queues of clients at the last tick (gauge).
    queued,
    /// Their bytes (gauge).
    queued_bytes,
    /// Bytes in the outputs of clients at the last tick (gauge).
    output_bytes,
}

impl Stats {
    /// How many numbers there are.
    pub const LEN: usize = SINGLE + DROPS + 2 * ENDS + LOGINS + LIMITS + LENIENCIES;

    /// With what was counted of output beside it.
    pub(crate) fn with_output(mut self, output: &OutputStats) -> Self {
        self.messages_out += output.messages_out;
        self.payload_out += output.payload_out;
        self.control_out += output.control_out;
        self.bytes_out += output.bytes_out;
        self.slow += output.slow;
        self.in_flight += output.in_flight;
        self.queued += output.queued;
        self.queued_bytes += output.queued_bytes;
        self.output_bytes += output.output_bytes;
        self.dropped.iter_mut().zip(output.dropped).for_each(|(sum, more)| *sum += more);
        self
    }

    /// Counts a log-in that failed.
    pub fn login_failed(&mut self, failure: LoginFailure) {
        self.auth_failed[failure as usize] += 1;
    }

    /// Counts that a limit was met.
    pub fn limited(&mut self, limit: Limit) {
        self.limited[limit as usize] += 1;
    }

    /// Counts a fault that was passed over.
    pub fn forgave(&mut self, fault: Leniency) {
        self.forgiven[fault as usize] += 1;
    }

    /// Packets sent, of any type.
    pub fn packets_out(&self) -> u64 {
        self.messages_out + self.control_out
    }

    /// All of them, in an order [`Stats::from_array`] knows.
    pub fn to_array(&self) -> [u64; Self::LEN] {
        let mut all = [0; Self::LEN];
        let causes = self.dropped.into_iter().chain(self.ended).chain(self.refused);
        let by_cause = causes.chain(self.auth_failed).chain(self.limited).chain(self.forgiven);
        let numbers = self.single().into_iter().chain(by_cause);
        all.iter_mut().zip(numbers).for_each(|(to, number)| *to = number);
        all
    }

    /// The reverse of [`Stats::to_array`].
    pub fn from_array(all: &[u64; Self::LEN]) -> Self {
        let mut stats = Self::default();
        let mut numbers = all.iter().copied();
        stats.single_mut().into_iter().zip(&mut numbers).for_each(|(to, number)| *to = number);
        let causes = stats.dropped.iter_mut().chain(&mut stats.ended).chain(&mut stats.refused);
        let causes = causes.chain(&mut stats.auth_failed).chain(&mut stats.limited);
        let causes = causes.chain(&mut stats.forgiven);
        causes.zip(numbers).for_each(|(to, number)| *to = number);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_the_way_out() {
        let mut all = [0; Stats::LEN];
        (1..).zip(&mut all).for_each(|(number, place)| *place = number);
        assert_eq!(Stats::from_array(&all).to_array(), all);
        let stats = Stats { clients: 1, output_bytes: 2, refused: [3; ENDS], ..Stats::default() };
        assert_eq!(Stats::from_array(&stats.to_array()), stats);
        assert_eq!(stats.plus(&stats).refused, [6; ENDS]);
    }

    #[test]
    fn causes_are_in_the_order_of_their_numbers() {
        assert!(Drop::ALL.into_iter().enumerate().all(|(at, cause)| cause as usize == at));
        assert!(LoginFailure::ALL.into_iter().enumerate().all(|(at, cause)| cause as usize == at));
        assert!(Leniency::ALL.into_iter().enumerate().all(|(at, fault)| fault as usize == at));
        assert!(Limit::ALL.into_iter().enumerate().all(|(at, limit)| limit as usize == at));
        assert!(End::ALL.into_iter().enumerate().all(|(at, cause)| cause as usize == at));
    }
}
