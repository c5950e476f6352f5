//! Traces by their numbers: those that run, and those that ended a short while ago.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker_engine::{Shown, Trace, TraceSpec};
use parking_lot::Mutex;
use uns_model::{Filter, OrgId, Timestamp};

use crate::Error;
use crate::handle::Handle;
use crate::worker::Order;

/// Traces that run at once.
const RUNNING_MAX: usize = 8;
/// Traces kept, running or not; a new one takes the place of the oldest that ended.
const KEPT_MAX: usize = 32;
/// How long one is kept after its end.
const KEPT: Duration = Duration::from_secs(600);

/// What to trace.
#[derive(Clone, Debug)]
pub struct TraceWish {
    /// Of which organisation.
    pub org: OrgId,
    /// Packets from and to this client.
    pub client_id: Option<String>,
    /// Publishes on topics of this filter.
    pub filter: Option<Filter>,
    /// How long.
    pub duration: Duration,
    /// How many events are kept.
    pub events_max: usize,
    /// The topics that whoever traces is shown.
    pub shown: Shown,
    /// Whether to keep the beginning of payloads.
    pub payload: bool,
}

/// One trace as it stands.
#[derive(Clone, Debug)]
pub struct TraceInfo {
    /// Its number.
    pub number: u64,
    /// What it notes, and what it noted.
    pub trace: Arc<Trace>,
    /// When it began.
    pub started: Timestamp,
    /// When it ends, or ended.
    pub until: Timestamp,
    /// Whether it runs.
    pub running: bool,
}

#[derive(Debug)]
struct Kept {
    trace: Arc<Trace>,
    started: Timestamp,
    until: Timestamp,
}

/// All traces of a broker.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: BTreeMap<u64, Kept>,
    last: u64,
}

impl State {
    /// Forgets what ended too long ago, and makes room for one more.
    fn sweep(&mut self, now: Duration) {
        self.kept.retain(|_, kept| now < kept.trace.spec().until + KEPT);
        while self.kept.len() >= KEPT_MAX {
            let over = self.kept.iter().find(|(_, kept)| kept.trace.is_over(now));
            let Some(oldest) = over.map(|(number, _)| *number) else { return };
            self.kept.remove(&oldest);
        }
    }
}

impl Handle {
    /// Starts a trace on all cores.
    ///
    /// # Errors
    /// Too many run, or the broker is shutting down.
    pub async fn start_trace(&self, wish: TraceWish) -> Result<TraceInfo, Error> {
        let (now, started) = (self.clock.monotonic(), self.clock.now());
        let nanos = i64::try_from(wish.duration.as_nanos()).unwrap_or(i64::MAX);
        let until = Timestamp(started.0.saturating_add(nanos));
        let trace = Trace::new(TraceSpec {
            org: wish.org,
            client_id: wish.client_id.map(Into::into),
            filter: wish.filter,
            payload: wish.payload,
            events_max: wish.events_max,
            shown: wish.shown,
            until: now + wish.duration,
        });
        let number = {
            let mut state = self.traces.state.lock();
            state.sweep(now);
            let running = state.kept.values().filter(|kept| !kept.trace.is_over(now)).count();
            if running >= RUNNING_MAX {
                return Err(Error::TooManyTraces { max: RUNNING_MAX });
            }
            state.last += 1;
            let number = state.last;
            state.kept.insert(number, Kept { trace: Arc::clone(&trace), started, until });
            number
        };
        // Only when every core has it is it said to run: what happens next is in it.
        self.ask_all(|reply| Order::Trace(Arc::clone(&trace), reply)).await?;
        Ok(TraceInfo { number, trace, started, until, running: true })
    }

    /// The traces of an organisation, the oldest first.
    pub fn traces(&self, org: OrgId) -> Vec<TraceInfo> {
        let now = self.clock.monotonic();
        let mut state = self.traces.state.lock();
        state.sweep(now);
        let own = state.kept.iter().filter(|(_, kept)| kept.trace.spec().org == org);
        own.map(|(number, kept)| TraceInfo {
            number: *number,
            trace: Arc::clone(&kept.trace),
            started: kept.started,
            until: kept.until,
            running: !kept.trace.is_over(now),
        })
        .collect()
    }

    /// Ends and forgets a trace; `false` if the organisation has none of this number.
    pub fn stop_trace(&self, org: OrgId, number: u64) -> bool {
        let mut state = self.traces.state.lock();
        let own = state.kept.get(&number).is_some_and(|kept| kept.trace.spec().org == org);
        if own && let Some(kept) = state.kept.remove(&number) {
            kept.trace.stop();
        }
        own
    }
}
