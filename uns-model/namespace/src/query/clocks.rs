//! Who publishes with a clock that cannot be right (NS-25).

use std::cmp::Reverse;
use std::sync::Arc;

use uns_model::{OrgId, PublisherId, Timestamp};

use crate::Namespace;
use crate::view::{Clock, ClockFault};

/// One publisher whose source times were not believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClockViolation {
    /// Its client id; its number where that is not known any more.
    pub client_id: Arc<str>,
    /// What is wrong.
    pub fault: ClockFault,
    /// How many messages named such a time, since the hub started.
    pub messages: u64,
    /// How many nanoseconds its clock was from the hub's, the last time: ahead above zero. None
    /// where its time could not be read.
    pub offset: Option<i64>,
    /// The farthest that it was.
    pub worst: Option<i64>,
    /// Where it published such a time last.
    pub topic: Option<Arc<str>>,
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
}

impl Namespace {
    /// The publishers of an organisation whose clocks cannot be right, the farthest off first.
    pub fn clock_violations(&self, org: OrgId) -> Vec<ClockViolation> {
        let view = self.view.read();
        let known: Vec<(PublisherId, Clock)> =
            view.clocks.of(org).map(|(publisher, clock)| (publisher, *clock)).collect();
        let topics: Vec<_> = known
            .iter()
            .map(|(_, clock)| view.entry(clock.node).map(|entry| Arc::clone(&entry.node.name)))
            .collect();
        drop(view);
        let names = self.publishers.names(known.iter().map(|(publisher, _)| (org, *publisher)));
        let mut violations: Vec<_> = known
            .into_iter()
            .zip(topics)
            .map(|((publisher, clock), topic)| ClockViolation {
                client_id: names.get(&publisher).cloned().unwrap_or_else(|| unnamed(publisher)),
                fault: clock.fault,
                messages: clock.messages,
                offset: clock.offset,
                worst: clock.worst,
                topic,
                first: clock.first,
                last: clock.last,
            })
            .collect();
        violations.sort_by_key(|violation| {
            (Reverse(violation.worst.map(i64::unsigned_abs)), Reverse(violation.messages))
        });
        violations
    }

    /// Tells operators of publishers whose clocks cannot be right, each once an hour at most.
    pub(crate) fn tell_of_clocks(&self) {
        if !self.view.read().clocks.has_untold() {
            return;
        }
        let untold = self.view.write().clocks.take_untold();
        let names = self.publishers.names(untold.iter().map(|(who, _)| *who));
        for ((_, publisher), clock) in untold {
            let client_id = names.get(&publisher).cloned().unwrap_or_else(|| unnamed(publisher));
            let topic = self.topic_of_node(clock.node).unwrap_or_default();
            let offset_seconds = clock.offset.map(|nanos| nanos / 1_000_000_000);
            tracing::warn!(
                client_id = &*client_id,
                topic = &*topic,
                fault = clock.fault.name(),
                offset_seconds,
                messages = clock.messages,
                "the clock of a publisher cannot be right: its values have the time of their arrival \
                 instead; set its clock by NTP (GET /api/v1/uns/violations lists all)"
            );
        }
    }
}

fn unnamed(publisher: PublisherId) -> Arc<str> {
    format!("publisher {}", publisher.0).into()
}
