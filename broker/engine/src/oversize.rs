//! Packets over the limit, and whose were told lately.

use std::collections::HashMap;
use std::time::Duration;

use ahash::RandomState;
use broker_codec::PacketType;
use parking_lot::Mutex;

/// A packet that was too large, for the operators' log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Oversize {
    /// Who sent it.
    pub client_id: Box<str>,
    /// Where it came from.
    pub address: Box<str>,
    /// What it is.
    pub packet: PacketType,
    /// Where a PUBLISH was to go.
    pub topic: Option<Box<str>>,
    /// How large it is.
    pub bytes: usize,
    /// How large it may be.
    pub max: usize,
}

/// Clients whose packets were too large, and when that was told: once a minute for each.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<HashMap<Box<str>, Duration, RandomState>>);

impl Told {
    /// Whether one of this client is to be told now.
    pub(crate) fn is_due(&self, client_id: &str, now: Duration) -> bool {
        const EVERY: Duration = Duration::from_secs(60);
        const CLIENTS_MAX: usize = 1024;
        let mut told = self.0.lock();
        if told.get(client_id).is_some_and(|at| now.saturating_sub(*at) < EVERY) {
            return false;
        }
        if told.len() >= CLIENTS_MAX {
            told.clear();
        }
        told.insert(client_id.into(), now);
        true
    }
}
