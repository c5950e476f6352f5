//! Traces: what one client sends and gets, or what is published on some topics, noted while an operator
//! looks. A core without a trace pays one comparison per packet.

mod answers;
mod event;
mod topics;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fabric::Findings;
use parking_lot::Mutex;
use uns_model::{Filter, OrgId};

use crate::shown::Shown;
use answers::Unanswered;

pub(crate) use event::Context;
pub use event::{TraceEvent, Understood};
pub use topics::TracedTopics;
pub(crate) use words::Words;

/// What to note.
#[derive(Clone, Debug)]
pub struct TraceSpec {
    /// Of which organisation.
    pub org: OrgId,
    /// Packets from and to this client.
    pub client_id: Option<Box<str>>,
    /// Publishes on topics of this filter.
    pub filter: Option<Filter>,
    /// Whether to keep the beginning of payloads.
    pub payload: bool,
    /// How many events are kept.
    pub events_max: usize,
    /// The topics that whoever traces is shown: a packet with another one is not noted, and neither is
    /// what answers it, so that what is kept, and what there is no room for, tells nothing of it.
    pub shown: Shown,
    /// When it ends, on the monotonic clock.
    pub until: Duration,
}

#[derive(Debug, Default)]
struct Seen {
    events: Vec<TraceEvent>,
    bytes: usize,
    /// Kept where not every topic is shown.
    unanswered: Unanswered,
}

/// One trace, shared between the cores that note and whoever reads.
#[derive(Debug)]
pub struct Trace {
    spec: TraceSpec,
    seen: Mutex<Seen>,
    dropped: AtomicU64,
    stopped: AtomicBool,
}

/// Bytes of all events of one trace.
const BYTES_MAX: usize = 8 << 20;

impl Trace {
    /// A trace that has seen nothing.
    pub fn new(spec: TraceSpec) -> Arc<Self> {
        let stopped = AtomicBool::new(false);
        Arc::new(Self { spec, seen: Mutex::default(), dropped: AtomicU64::new(0), stopped })
    }

    /// What it notes.
    pub fn spec(&self) -> &TraceSpec {
        &self.spec
    }

    /// Ends it.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether it is over.
    pub fn is_over(&self, now: Duration) -> bool {
        self.stopped.load(Ordering::Relaxed) || now >= self.spec.until
    }

    /// How many events are kept, and how many more were not.
    pub fn counts(&self) -> (usize, u64) {
        (self.seen.lock().events.len(), self.dropped.load(Ordering::Relaxed))
    }

    /// The events from this one on.
    pub fn events(&self, from: usize, limit: usize) -> Vec<TraceEvent> {
        self.seen.lock().events.iter().skip(from).take(limit).cloned().collect()
    }

    /// Whether packets of this client may concern it.
    fn concerns(&self, org: OrgId, client_id: &str) -> bool {
        self.spec.org == org && self.spec.client_id.as_deref().is_none_or(|id| id == client_id)
    }

    /// Whether a packet on this topic is noted; `None` is a packet without one.
    fn wants(&self, topic: Option<&str>) -> bool {
        let Some(filter) = &self.spec.filter else { return true };
        topic.is_some_and(|topic| filter.matches(topic))
    }

    fn keep(&self, event: TraceEvent) {
        let shown = event.topics.iter().all(|topic| self.spec.shown.has(topic));
        let cost = event.cost();
        let mut seen = self.seen.lock();
        let (way, id) = ((event.packet, event.incoming), event.packet_id);
        let unanswered = &mut seen.unanswered;
        if !self.spec.shown.is_all() && !unanswered.lets(way, &event.client_id, id, shown) {
            return;
        }
        if seen.events.len() < self.spec.events_max && seen.bytes + cost <= BYTES_MAX {
            seen.bytes += cost;
            seen.events.push(event);
        } else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The traces one core notes for.
#[derive(Debug, Default)]
pub(crate) struct Tracer {
    active: Vec<Arc<Trace>>,
    /// Why the publish at hand was refused.
    refused: Option<&'static str>,
    /// What was understood of it.
    read: Option<Understood>,
}

impl Tracer {
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        !self.active.is_empty()
    }

    pub(crate) fn add(&mut self, trace: Arc<Trace>) {
        (self.refused, self.read) = (None, None);
        self.active.push(trace);
    }

    /// Forgets traces that are over.
    pub(crate) fn sweep(&mut self, now: Duration) {
        self.active.retain(|trace| !trace.is_over(now));
    }

    /// Remembers why a publish is refused, for the event that is about to be noted.
    pub(crate) fn refuse(&mut self, reason: &'static str) {
        self.refused = Some(reason);
    }

    /// Remembers what was understood of a publish, for the event that is about to be noted.
    #[cold]
    pub(crate) fn note_read(&mut self, points: u32, findings: Findings) {
        self.read = Some(Understood { points, findings });
    }

    pub(crate) fn take_read(&mut self) -> Option<Understood> {
        self.read.take()
    }

    pub(crate) fn take_refusal(&mut self) -> Option<&'static str> {
        self.refused.take()
    }

    pub(crate) fn concerns(&self, org: OrgId, client_id: &str) -> bool {
        self.active.iter().any(|trace| trace.concerns(org, client_id))
    }

    /// Notes a packet in every trace that wants it.
    pub(crate) fn note(&self, context: Context<'_>, words: &Words<'_>) {
        for trace in &self.active {
            let topic = words.publish.as_ref().map(|publish| publish.topic);
            if trace.concerns(context.org, context.client_id)
                && trace.wants(topic)
                && !trace.stopped.load(Ordering::Relaxed)
            {
                trace.keep(words.event(context, trace.spec.payload));
            }
        }
    }
}
