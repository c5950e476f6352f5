//! A hub of one log and the live channel, served on loopback.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use fabric::sim::SimLog;
use fabric::{Batch, Log as _, Record};
use hub_kit::http::{
    Anonymous, App, Guard, Hosts, HttpConfig, LogIn, NoAccounts, Parts, ServeConfig, serve,
};
use hub_kit::metrics::{Exposition, MetricSource};
use hub_kit::services::{
    Answer, Boxed, CurrentPage, DeleteQuery, History, HistoryPage, Live, Page, Publish,
    PublishBatch, Published, Resumed,
};
use hub_kit::{Hub, Module as _, Refusal, Rights, Stop, Stopper};
use schemas::payload::{self, DecodeContext};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{self, handshake::client::Response};
use tokio_tungstenite::{WebSocketStream, client_async};
use uns_model::query::{
    ClockViolation, CurrentQuery, HistoryQuery, SearchHit, SearchQuery, TreeNode, TreeQuery,
};
use uns_model::{
    Finding, NodeId, NodeNo, OrgId, PointRef, PublisherId, SeededRandom, Sequence, SystemClock,
    Timestamp, TopicId, Zone,
};

use super::client::Client;
use crate::{Config, WebSocket};

pub(super) struct Plant {
    pub(super) log: Arc<SimLog>,
    pub(super) address: SocketAddr,
    names: Arc<Names>,
    stopper: Stopper,
    metrics: Arc<dyn MetricSource>,
}

/// The interned topics, which is all the channel asks the namespace for.
#[derive(Default)]
struct Names {
    ids: Mutex<HashMap<Arc<str>, TopicId>>,
    hidden: Mutex<Option<Arc<str>>>,
}

/// When everything comes in: 2026-11-21T12:00:00Z.
const NOON: Timestamp = Timestamp(1_795_262_400_000_000_000);

impl Plant {
    pub(super) async fn start(config: Config) -> Arc<Self> {
        Self::start_for(config, Arc::new(NoAccounts)).await
    }

    /// Everybody is who this says.
    pub(super) async fn start_for(config: Config, log_in: Arc<dyn LogIn>) -> Arc<Self> {
        let log = Arc::new(SimLog::new());
        let names = Arc::new(Names::default());
        let (stopper, stop) = Stop::pair();
        let hub = Hub {
            org: OrgId::DEFAULT,
            live: names.clone(),
            history: names.clone(),
            publish: names.clone(),
            mqtt: None,
            log: log.clone(),
            dead_letters: None,
            db: None,
            clock: Arc::new(SystemClock),
            zone: Zone::default(),
            stop: stop.clone(),
        };
        let started = WebSocket::start(config, hub).await.unwrap();
        let metrics = started.metrics[0].clone();
        let task = started.task.clone().unwrap();
        tokio::spawn(task(stop.clone()));
        let mut app = App::new("0");
        app.module(started);
        let random = Arc::new(SeededRandom::new(7));
        let hosts = Hosts::new(&[]).unwrap();
        let anonymous = Arc::new(Anonymous::allowed());
        let guard = Guard::new(hosts, anonymous, log_in);
        let parts = Parts { guard, random };
        let router = app.router(&HttpConfig::default(), parts);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, router, ServeConfig::default(), stop));
        Arc::new(Self { log, address, names, stopper, metrics })
    }

    /// Appends a publish, minting the topic on first use.
    pub(super) fn publish(&self, topic: &str, payload: &str) {
        self.publish_bytes(topic, payload.as_bytes());
    }

    pub(super) fn publish_bytes(&self, topic: &str, payload: &[u8]) {
        let mut batch = Batch::new();
        let (id, fresh) = {
            let mut ids = self.names.ids.lock().unwrap();
            let next = TopicId(u32::try_from(ids.len()).unwrap());
            let fresh = !ids.contains_key(topic);
            (*ids.entry(topic.into()).or_insert(next), fresh)
        };
        let (org, node, ingest) = (OrgId::DEFAULT, NodeNo(id.0), NOON);
        if fresh {
            let id_of_node = NodeId::default();
            let name = topic;
            batch.push(&Record::NodeMinted { org, topic: id, node, id: id_of_node, name, ingest });
        }
        let mut buffer = fabric::PointsBuffer::new();
        let mut points = buffer.begin(payload);
        let zone = Zone::default();
        let context = DecodeContext::new(&zone, ingest);
        payload::keep(payload, None, &context, &mut AsGate(&mut points));
        batch.push(&Record::Publish(fabric::Publish {
            org,
            topic: id,
            node,
            publisher: PublisherId(0),
            qos: 1,
            retain: false,
            expiry: None,
            points: Some(points.finish()),
            ingest,
            properties: b"",
            payload,
        }));
        self.log.append(batch, None).unwrap();
    }

    pub(super) fn forget_until_caught_up(&self, topic: &str) {
        *self.names.hidden.lock().unwrap() = Some(topic.into());
    }

    pub(super) fn stop(&self) {
        self.stopper.stop();
    }

    pub(super) fn metrics(&self) -> String {
        let mut out = Exposition::default();
        self.metrics.write(&mut out);
        out.render()
    }

    pub(super) async fn connect(&self) -> Client {
        self.connect_with(&[]).await
    }

    pub(super) async fn connect_with(&self, headers: &[(&'static str, &str)]) -> Client {
        Client(self.shake(headers).await.unwrap().0)
    }

    /// The status a refused handshake gets.
    pub(super) async fn handshake(&self, headers: &[(&'static str, &str)]) -> u16 {
        match self.shake(headers).await {
            Ok(_) => 101,
            Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
            Err(other) => unreachable!("{other}"),
        }
    }

    async fn shake(
        &self,
        headers: &[(&'static str, &str)],
    ) -> Result<(WebSocketStream<TcpStream>, Response), tungstenite::Error> {
        let uri = format!("ws://{}/api/v1/ws", self.address);
        let mut request = uri.into_client_request().unwrap();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        client_async(request, TcpStream::connect(self.address).await.unwrap()).await
    }

    pub(super) async fn plain_get(&self) -> u16 {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "GET /api/v1/ws HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("\"reason\":\"upgrade_required\""), "{answer}");
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

fn unused<T>() -> Answer<'static, T> {
    unreachable!("the live channel does not ask for this")
}

impl Live for Names {
    fn caught_up(&self) -> Boxed<'_, ()> {
        *self.hidden.lock().unwrap() = None;
        Box::pin(std::future::ready(()))
    }

    fn clock_violations(&self, _org: OrgId) -> Vec<ClockViolation> {
        Vec::new()
    }

    fn tree(&self, _query: TreeQuery, _: Arc<dyn Rights>) -> Answer<'_, Page<TreeNode>> {
        unused()
    }

    fn current(&self, _query: CurrentQuery, _: Arc<dyn Rights>) -> Answer<'_, CurrentPage> {
        unused()
    }

    fn search(&self, _query: SearchQuery, _: Arc<dyn Rights>) -> Answer<'_, Page<SearchHit>> {
        unused()
    }

    fn delete(&self, _query: DeleteQuery) -> Answer<'_, u64> {
        unused()
    }

    fn topic(&self, topic: TopicId) -> Option<Arc<str>> {
        let ids = self.ids.lock().unwrap();
        let name = ids.iter().find(|(_, id)| **id == topic).map(|(name, _)| name.clone());
        name.filter(|name| self.hidden.lock().unwrap().as_ref() != Some(name))
    }

    fn node_of_topic(&self, _org: OrgId, _topic: &str) -> Option<NodeNo> {
        None
    }
}

impl History for Names {
    fn caught_up(&self) -> Boxed<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn purged(&self) -> Boxed<'_, bool> {
        Box::pin(std::future::ready(true))
    }

    fn history(&self, _query: HistoryQuery) -> Answer<'_, HistoryPage> {
        unused()
    }
}

impl Publish for Names {
    fn together(&self, _batch: PublishBatch) -> Boxed<'_, Vec<Result<Published, Refusal>>> {
        Box::pin(std::future::ready(vec![Ok(Published {
            sequence: Some(Sequence(1)),
            ..Published::default()
        })]))
    }

    fn resume(&self, _: OrgId, _: &str) -> Boxed<'_, Result<Resumed, Refusal>> {
        Box::pin(std::future::ready(Err(Refusal::new(503, "unused", "no test resumes here"))))
    }
}

/// Fills records as the gate does.
struct AsGate<'a, 'b>(&'a mut fabric::PointsBuilder<'b>);

impl payload::Sink for AsGate<'_, '_> {
    fn point(&mut self, point: &PointRef<'_>) {
        self.0.push(point);
    }

    fn finding(&mut self, finding: Finding) {
        self.0.finding(finding);
    }
}
