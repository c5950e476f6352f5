//! Traces by their numbers: those that run, and those that ended lately.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker_engine::{Shown, Trace};
use parking_lot::Mutex;
use uns_model::{Filter, OrgId, Timestamp};

use crate::Error;

/// The most traces that run at once.
const RUNNING_MAX: usize = 8;
/// The most traces that are kept, running or not. A new one replaces the oldest that has ended.
const KEPT_MAX: usize = 32;
/// How long a trace is kept after its end.
const KEPT_FOR: Duration = Duration::from_secs(600);

/// What to trace.
#[derive(Clone, Debug)]
pub struct TraceWish {
    /// The organisation.
    pub org: OrgId,
    /// Packets from and to this client.
    pub client_id: Option<String>,
    /// Publishes on topics of this filter.
    pub filter: Option<Filter>,
    /// How long.
    pub duration: Duration,
    /// How many events are kept.
    pub events_max: usize,
    /// The topics that the operator may see.
    pub shown: Shown,
    /// Whether to keep the beginning of payloads.
    pub payload: bool,
}

/// One trace as it stands.
#[derive(Clone, Debug)]
pub struct TraceInfo {
    /// Its number.
    pub number: u64,
    /// What it records, and what it recorded.
    pub trace: Arc<Trace>,
    /// When it began.
    pub started: Timestamp,
    /// When it ends, or ended.
    pub until: Timestamp,
    /// Whether it runs.
    pub running: bool,
}

#[derive(Debug)]
struct KeptTrace {
    trace: Arc<Trace>,
    started: Timestamp,
    until: Timestamp,
}

impl KeptTrace {
    fn info(&self, number: u64, now: Duration) -> TraceInfo {
        let running = !self.trace.is_over(now);
        let trace = Arc::clone(&self.trace);
        TraceInfo { number, trace, started: self.started, until: self.until, running }
    }
}

/// All traces of a broker.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: BTreeMap<u64, KeptTrace>,
    last: u64,
}

impl State {
    /// Forgets what ended too long ago, and makes room for one more.
    fn sweep(&mut self, now: Duration) {
        self.kept.retain(|_, kept| now < kept.trace.spec().until + KEPT_FOR);
        while self.kept.len() >= KEPT_MAX {
            let over = self.kept.iter().find(|(_, kept)| kept.trace.is_over(now));
            let Some(oldest) = over.map(|(number, _)| *number) else { return };
            self.kept.remove(&oldest);
        }
    }
}

impl Traces {
    /// Adds a trace that is about to run.
    ///
    /// # Errors
    /// Too many run.
    pub(crate) fn add(
        &self,
        trace: Arc<Trace>,
        started: Timestamp,
        until: Timestamp,
        now: Duration,
    ) -> Result<TraceInfo, Error> {
        let mut state = self.state.lock();
        state.sweep(now);
        let running = state.kept.values().filter(|kept| !kept.trace.is_over(now)).count();
        if running >= RUNNING_MAX {
            return Err(Error::TooManyTraces { max: RUNNING_MAX });
        }
        state.last += 1;
        let number = state.last;
        let kept = KeptTrace { trace, started, until };
        let info = kept.info(number, now);
        state.kept.insert(number, kept);
        Ok(info)
    }

    /// The traces of an organisation, the oldest first.
    pub(crate) fn list(&self, org: OrgId, now: Duration) -> Vec<TraceInfo> {
        let mut state = self.state.lock();
        state.sweep(now);
        let own = state.kept.iter().filter(|(_, kept)| kept.trace.spec().org == org);
        own.map(|(number, kept)| kept.info(*number, now)).collect()
    }

    /// Ends and forgets a trace; `false` if the organisation has none of this number.
    pub(crate) fn stop(&self, org: OrgId, number: u64) -> bool {
        let mut state = self.state.lock();
        let own = state.kept.get(&number).is_some_and(|kept| kept.trace.spec().org == org);
        if own && let Some(kept) = state.kept.remove(&number) {
            kept.trace.stop();
        }
        own
    }
}
