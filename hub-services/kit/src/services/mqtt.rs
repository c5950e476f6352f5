//! The broker as operators see it: clients, sessions, subscriptions, topics, figures, traces.

use std::sync::Arc;
use std::time::Duration;

use schemas::http::broker::{
    BrokerStats, Client, ClientState, Clients, Pace, Sessions, Subscriptions, Topics, Trace,
};
use uns_model::query::{ClientOrder, SessionQuery};
use uns_model::{Filter, OrgId};

use crate::Rights;
use crate::services::Answer;

/// The running broker. What it says is of this moment: between two pages clients come and go. Where
/// it names topics it takes somebody's rights: what these deny is as if it were not there.
pub trait Mqtt: Send + Sync {
    /// One page of connected clients.
    fn clients(&self, query: ClientQuery) -> Answer<'_, Clients>;

    /// One connected client; `client_unknown` if it is not.
    fn client(&self, org: OrgId, client_id: String) -> Answer<'_, Client>;

    /// Ends a client's connection by administrative action (0x98); `client_unknown` if there is
    /// none. Its session stays for as long as it would after any other loss.
    fn kick(&self, org: OrgId, client_id: String) -> Answer<'_, ()>;

    /// One page of sessions, by client id.
    fn sessions(&self, query: SessionQuery) -> Answer<'_, Sessions>;

    /// Ends a client's session, and its connection if it has one (0x98); `session_unknown` if it has
    /// neither. Answered once that is on disk.
    fn end_session(&self, org: OrgId, client_id: String) -> Answer<'_, ()>;

    /// One page of subscriptions, by filter and client.
    fn subscriptions(
        &self,
        query: SubscriptionQuery,
        rights: Arc<dyn Rights>,
    ) -> Answer<'_, Subscriptions>;

    /// One page of topics, level by level.
    fn topics(&self, query: TopicQuery, rights: Arc<dyn Rights>) -> Answer<'_, Topics>;

    /// Figures of the whole broker.
    fn stats(&self) -> Answer<'_, BrokerStats>;

    /// Starts a trace; `trace_limit` if too many run. Packets on what these rights deny are not noted.
    fn start_trace(&self, spec: TraceSpec, rights: Arc<dyn Rights>) -> Answer<'_, Trace>;

    /// The traces there are, without their events.
    fn traces(&self, org: OrgId, rights: Arc<dyn Rights>) -> Answer<'_, Vec<Trace>>;

    /// One trace with a page of its events; `trace_unknown` if there is none of this name.
    fn trace(&self, query: TraceQuery, rights: Arc<dyn Rights>) -> Answer<'_, Trace>;

    /// Ends a trace and forgets it.
    fn stop_trace(&self, org: OrgId, id: String) -> Answer<'_, ()>;
}

/// Which clients.
#[derive(Clone, Debug, Default)]
pub struct ClientQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// Part of the client id.
    pub client_id: Option<String>,
    /// The user name, or who it turned out to be.
    pub user: Option<String>,
    /// The beginning of the address.
    pub address: Option<String>,
    /// The listener.
    pub listener: Option<String>,
    /// The name of the transport.
    pub transport: Option<String>,
    /// Where it stands.
    pub state: Option<ClientState>,
    /// How well it keeps up.
    pub pace: Option<Pace>,
    /// In which order.
    pub order: ClientOrder,
    /// Continue after this page's `next`.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Which subscriptions.
#[derive(Clone, Debug, Default)]
pub struct SubscriptionQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// Whose.
    pub client_id: Option<String>,
    /// Exactly this filter.
    pub filter: Option<String>,
    /// Filters that match this topic.
    pub matches: Option<String>,
    /// Continue after this page's `next`.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Which topics.
#[derive(Clone, Debug)]
pub struct TopicQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// Those the filter matches.
    pub filter: Filter,
    /// Only those with a retained message, or only those without.
    pub retained: Option<bool>,
    /// Continue after this page's `next`.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// What to trace.
#[derive(Clone, Debug)]
pub struct TraceSpec {
    /// The asking organisation.
    pub org: OrgId,
    /// Packets of this client.
    pub client_id: Option<String>,
    /// Publishes on topics of this filter.
    pub filter: Option<Filter>,
    /// How long.
    pub duration: Duration,
    /// How many events are kept.
    pub limit: usize,
    /// Whether to keep the beginning of payloads.
    pub payload: bool,
}

/// Which events of a trace.
#[derive(Clone, Debug)]
pub struct TraceQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// The trace.
    pub id: String,
    /// Continue after this page's `next`.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}
