//! Traces, as operators start and stop them.

use std::sync::Arc;

use broker_engine::{Trace, TraceSpec};
use uns_model::{OrgId, Timestamp};

use crate::operator_request::OperatorRequest;
use crate::{Error, Handle, TraceInfo, TraceWish};

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
        let info = self.traces.add(Arc::clone(&trace), started, until, now)?;
        // The answer comes once every core has the trace, so that nothing after it is missed.
        let request = |reply| OperatorRequest::Trace(Arc::clone(&trace), reply);
        self.operators.ask_all(request).await?;
        Ok(info)
    }

    /// The traces of an organisation, the oldest first.
    pub fn traces(&self, org: OrgId) -> Vec<TraceInfo> {
        self.traces.list(org, self.clock.monotonic())
    }

    /// Ends and forgets a trace; `false` if the organisation has none of this number.
    pub fn stop_trace(&self, org: OrgId, number: u64) -> bool {
        self.traces.stop(org, number)
    }
}
