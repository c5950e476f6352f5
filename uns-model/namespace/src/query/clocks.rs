//! Who publishes with a clock that cannot be right (NS-25).

use std::cmp::Reverse;
use std::sync::Arc;

use uns_model::query::{ClockFault, ClockViolation};
use uns_model::{OrgId, PublisherId};

use crate::Namespace;
use crate::view::Clock;

impl Namespace {
    /// The publishers of an organisation whose clocks cannot be right, the farthest off first; one for each
    /// thing that is wrong with it.
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
            if clock.fault == ClockFault::Unreadable {
                tracing::warn!(
                    client_id = &*client_id,
                    topic = &*topic,
                    fault = clock.fault.name(),
                    messages = clock.messages,
                    "a publisher names times that cannot be read: its values have the time of their \
                     arrival instead; let it send RFC 3339 or an epoch (docs/payloads.md)"
                );
                continue;
            }
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
