//! Leniency (TRAP-28a): what a listener with `lenient` passes over is counted per client, and
//! reported to the operators ever more rarely.

use crate::peer::Peer;
use crate::stats::{Leniency, Stats};

/// A fault that was passed over, for the operators' log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Forgiven {
    /// Whose.
    pub client_id: Box<str>,
    /// Where it came from.
    pub address: Box<str>,
    /// The listener it came to.
    pub listener: Box<str>,
    /// What it did.
    pub fault: Leniency,
    /// How many faults of this connection were passed over so far.
    pub number: u64,
}

/// A client that did something against the rules, and how many faults of it were passed over.
pub(crate) struct FaultyClient<'a> {
    pub(crate) peer: &'a Peer,
    pub(crate) client_id: &'a str,
    pub(crate) forgiven: &'a mut u64,
}

/// Whether a client's listener passes over this fault. If it does, that counts.
#[cold]
pub(crate) fn pass_over(
    client: &mut FaultyClient<'_>,
    fault: Leniency,
    stats: &mut Stats,
    reports: &mut Vec<Forgiven>,
) -> bool {
    if !client.peer.lenient {
        return false;
    }
    stats.forgave(fault);
    *client.forgiven += 1;
    // The first few are reported one by one, then ever fewer.
    if client.forgiven.is_power_of_two() {
        reports.push(Forgiven {
            client_id: client.client_id.into(),
            address: client.peer.address.clone(),
            listener: client.peer.listener.clone(),
            fault,
            number: *client.forgiven,
        });
    }
    true
}
