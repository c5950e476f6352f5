//! A broker with two clients, which remembers what it was asked.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use hub_kit::services::{
    Answer, Boxed, ClientQuery, CurrentPage, DeleteQuery, History, HistoryPage, Live, Mqtt, Page,
    Publish, PublishBatch, Published, Resumed, SubscriptionQuery, TopicQuery, TraceQuery,
    TraceSpec,
};
use hub_kit::{Refusal, Rights};
use schemas::WireTime;
use schemas::http::broker::{
    BrokerStats, Client, ClientState, Clients, Counts, Pace, Session, Sessions, Subscription,
    Subscriptions, Topic, Topics, Trace,
};
use uns_model::query::{
    ClockViolation, CurrentQuery, HistoryQuery, SearchHit, SearchQuery, SessionQuery, TreeNode,
    TreeQuery,
};
use uns_model::{NodeNo, OrgId, Timestamp, TopicId};

use super::NOON;

/// What was asked, as debug output shows it.
#[derive(Default)]
pub(super) struct Fake(pub(super) Mutex<Vec<String>>);

impl Fake {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    fn note(&self, asked: &impl Debug) {
        self.0.lock().unwrap().push(format!("{asked:?}"));
    }

    pub(super) fn asked(&self) -> String {
        self.0.lock().unwrap().pop().unwrap()
    }
}

fn ready<T: Send + 'static>(value: T) -> Boxed<'static, T> {
    Box::pin(std::future::ready(value))
}

fn client(client_id: &str) -> Client {
    Client {
        client_id: client_id.into(),
        state: ClientState::Connected,
        user_name: None,
        identity: Some("anonymous".into()),
        protocol_version: 5,
        address: "127.0.0.1:4711".into(),
        listener: "127.0.0.1:1883".into(),
        transport: "tcp".into(),
        certificate_subject: None,
        connected_since: WireTime(Timestamp(NOON)),
        keep_alive_seconds: 60,
        clean_start: true,
        session_expiry_seconds: 0,
        subscriptions: 1,
        in_flight: 0,
        unacknowledged: 0,
        queued_messages: 0,
        queued_bytes: 0,
        output_bytes: 0,
        messages_in: 2,
        messages_out: 3,
        bytes_in: 20,
        bytes_out: 30,
        rejected: 0,
        forgiven: 0,
        dropped: Counts::from([("expired", 1)]),
        pace: Pace::Fine,
        paused: false,
        clock: None,
    }
}

fn trace(spec: Option<&TraceSpec>) -> Trace {
    Trace {
        id: "1".into(),
        client_id: spec.and_then(|spec| spec.client_id.clone()),
        topic_filter: None,
        running: true,
        started: WireTime(Timestamp(NOON)),
        until: WireTime(Timestamp(NOON)),
        kept: 0,
        dropped: 0,
        events: Vec::new(),
        next: None,
    }
}

fn unknown<T: Send + 'static>(reason: &'static str) -> Answer<'static, T> {
    ready(Err(Refusal::new(404, reason, "there is none")))
}

impl Mqtt for Fake {
    fn clients(&self, query: ClientQuery) -> Answer<'_, Clients> {
        self.note(&query);
        ready(Ok(Clients { clients: vec![client("press7")], next: Some("0/press7".into()) }))
    }

    fn client(&self, _: OrgId, client_id: String) -> Answer<'_, Client> {
        match client_id.as_str() {
            "press/7 a" => ready(Ok(client(&client_id))),
            _ => unknown("client_unknown"),
        }
    }

    fn kick(&self, org: OrgId, client_id: String) -> Answer<'_, ()> {
        self.note(&(org, &client_id));
        if client_id == "press7" { ready(Ok(())) } else { unknown("client_unknown") }
    }

    fn sessions(&self, query: SessionQuery) -> Answer<'_, Sessions> {
        self.note(&query);
        let session = Session {
            client_id: "press7".into(),
            durable: true,
            connected: false,
            expiry_seconds: 3600,
            expires_in_seconds: Some(60),
            subscriptions: 1,
            queued_messages: 2,
            queued_bytes: 3,
            in_flight: 1,
            dropped: 0,
        };
        ready(Ok(Sessions { sessions: vec![session], next: None }))
    }

    fn end_session(&self, org: OrgId, client_id: String) -> Answer<'_, ()> {
        self.note(&(org, &client_id));
        if client_id == "press7" { ready(Ok(())) } else { unknown("session_unknown") }
    }

    fn subscriptions(
        &self,
        query: SubscriptionQuery,
        _: Arc<dyn Rights>,
    ) -> Answer<'_, Subscriptions> {
        self.note(&query);
        let subscription = Subscription {
            filter: "a/#".into(),
            client_id: "press7".into(),
            qos: 1,
            no_local: false,
            retain_as_published: false,
            identifier: Some(7),
        };
        ready(Ok(Subscriptions { subscriptions: vec![subscription], next: None }))
    }

    fn topics(&self, query: TopicQuery, _: Arc<dyn Rights>) -> Answer<'_, Topics> {
        self.note(&query);
        let topic =
            Topic { topic: "a/b".into(), retained: true, retained_bytes: Some(2), subscribers: 1 };
        ready(Ok(Topics { topics: vec![topic], next: None }))
    }

    fn stats(&self) -> Answer<'_, BrokerStats> {
        ready(Ok(BrokerStats { clients: 2, ..BrokerStats::default() }))
    }

    fn start_trace(&self, spec: TraceSpec, _: Arc<dyn Rights>) -> Answer<'_, Trace> {
        self.note(&spec);
        ready(Ok(trace(Some(&spec))))
    }

    fn traces(&self, _: OrgId, _: Arc<dyn Rights>) -> Answer<'_, Vec<Trace>> {
        ready(Ok(vec![trace(None)]))
    }

    fn trace(&self, query: TraceQuery, _: Arc<dyn Rights>) -> Answer<'_, Trace> {
        self.note(&query);
        if query.id == "1" { ready(Ok(trace(None))) } else { unknown("trace_unknown") }
    }

    fn stop_trace(&self, _: OrgId, id: String) -> Answer<'_, ()> {
        if id == "1" { ready(Ok(())) } else { unknown("trace_unknown") }
    }
}

/// Services this module never asks.
pub(super) struct Nothing;

fn never<T>() -> T {
    unreachable!("operators do not ask the namespace")
}

impl Live for Nothing {
    fn caught_up(&self) -> Boxed<'_, ()> {
        never()
    }

    fn clock_violations(&self, _: OrgId) -> Vec<ClockViolation> {
        never()
    }

    fn tree(&self, _: TreeQuery, _: Arc<dyn Rights>) -> Answer<'_, Page<TreeNode>> {
        never()
    }

    fn current(&self, _: CurrentQuery, _: Arc<dyn Rights>) -> Answer<'_, CurrentPage> {
        never()
    }

    fn search(&self, _: SearchQuery, _: Arc<dyn Rights>) -> Answer<'_, Page<SearchHit>> {
        never()
    }

    fn delete(&self, _: DeleteQuery) -> Answer<'_, u64> {
        never()
    }

    fn topic(&self, _: TopicId) -> Option<Arc<str>> {
        never()
    }

    fn node_of_topic(&self, _: OrgId, _: &str) -> Option<NodeNo> {
        never()
    }
}

impl History for Nothing {
    fn caught_up(&self) -> Boxed<'_, ()> {
        never()
    }

    fn purged(&self) -> Boxed<'_, bool> {
        never()
    }

    fn history(&self, _: HistoryQuery) -> Answer<'_, HistoryPage> {
        never()
    }
}

impl Publish for Nothing {
    fn together(&self, _: PublishBatch) -> Boxed<'_, Vec<Result<Published, Refusal>>> {
        never()
    }

    fn resume(&self, _: OrgId, _: &str) -> Boxed<'_, Result<Resumed, Refusal>> {
        never()
    }
}
