//! A log, a disk that loses power on demand, a store and its queries.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use fabric::sim::{SimDisk, SimLog};
use fabric::{Batch, Log, Publish, Record};
use historian_query::{Config as QueryConfig, HistoryPage, Query};
use historian_store::{Config, Parts, SharedNames, Store};
use tokio::sync::watch;
use uns_model::query::{Aggregate, HistoryQuery};
use uns_model::{NodeId, NodeNo, OrgId, PublisherId, SystemClock, Timestamp, TopicId};

use crate::gate::admit;

/// 2026-11-21T00:00:00Z.
pub(crate) const DAY: i64 = 1_795_219_200_000_000_000;
pub(crate) const MS: i64 = 1_000_000;

pub(crate) struct Rig {
    pub(crate) log: Arc<SimLog>,
    pub(crate) disk: SimDisk,
    pub(crate) dir: PathBuf,
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) config: Config,
    /// Stands in front of the disk, where a test wants one.
    pub(crate) front: Option<Arc<dyn fabric::Disk>>,
    running: Option<Running>,
    nodes: u32,
    ingest: i64,
    pub(crate) query_config: QueryConfig,
    /// What the namespace knows, where a test has one.
    pub(crate) names: Option<SharedNames>,
}

struct Running {
    store: Arc<Store>,
    query: Query,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

static DIRS: AtomicU32 = AtomicU32::new(0);

impl Rig {
    /// A store that stops as if it were killed.
    pub(crate) fn new(config: &Config) -> Self {
        Self::stopping_as_told(Config { flush_on_stop: false, ..config.clone() })
    }

    pub(crate) fn stopping_as_told(config: Config) -> Self {
        let number = DIRS.fetch_add(1, Ordering::Relaxed);
        let name = format!("uns-history-test-{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        drop(std::fs::remove_dir_all(&dir));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let mut rig = Self {
            log: Arc::new(SimLog::new()),
            disk: SimDisk::new(7, 1 << 30),
            dir,
            runtime,
            config,
            front: None,
            running: None,
            nodes: 0,
            ingest: DAY,
            query_config: QueryConfig::default(),
            names: None,
        };
        rig.start();
        rig
    }

    pub(crate) fn start(&mut self) {
        self.try_start().expect("a store that opens");
    }

    pub(crate) fn try_start(&mut self) -> Result<(), historian_store::Error> {
        let parts = Parts {
            log: Arc::clone(&self.log) as Arc<dyn Log>,
            disk: self.front.clone().unwrap_or_else(|| Arc::new(self.disk.clone())),
            dir: self.dir.clone(),
            clock: Arc::new(SystemClock),
            config: self.config.clone(),
        };
        let store = Store::open(parts)?;
        if let Some(names) = &self.names {
            store.share_names(names.clone());
        }
        let (stop, stopped) = watch::channel(false);
        let running = Arc::clone(&store);
        let thread = std::thread::spawn(move || running.run(stopped).expect("threads"));
        let query = Query::new(Arc::clone(&store), self.query_config);
        self.running = Some(Running { store, query, stop, thread });
        Ok(())
    }

    /// The catalog's file, which is on the real disk.
    pub(crate) fn catalog(&self) -> PathBuf {
        self.dir.join("catalog.sqlite")
    }

    /// Stops, without writing anything unless the configuration says so, as a kill would.
    pub(crate) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop.send_replace(true);
            running.thread.join().expect("no panic");
        }
    }

    pub(crate) fn restart(&mut self) {
        self.stop();
        self.log.restart();
        self.start();
    }

    pub(crate) fn power_cut(&mut self) {
        self.stop();
        self.disk.crash();
        self.log.restart();
        self.start();
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.running.as_ref().expect("a running store").store
    }

    pub(crate) fn flush(&self) {
        self.runtime.block_on(self.store().flush());
    }

    /// The ingest time the next record gets.
    pub(crate) fn now(&self) -> i64 {
        self.ingest
    }

    pub(crate) fn mint(&mut self, topic: &str) -> NodeNo {
        let node = NodeNo(self.nodes);
        self.nodes += 1;
        let mut batch = Batch::new();
        batch.push(&Record::NodeMinted {
            org: OrgId::DEFAULT,
            topic: TopicId(node.0),
            node,
            id: NodeId(u128::from(node.0) + 1),
            name: topic,
            ingest: Timestamp(self.ingest),
        });
        self.commit(batch);
        node
    }

    pub(crate) fn publish(&mut self, node: NodeNo, payload: &str) {
        self.publish_bytes(node, payload.as_bytes());
    }

    pub(crate) fn publish_bytes(&mut self, node: NodeNo, payload: &[u8]) {
        let mut batch = Batch::new();
        let publish = Publish {
            org: OrgId::DEFAULT,
            topic: TopicId(node.0),
            node,
            publisher: PublisherId(1),
            qos: 1,
            retain: false,
            expiry: None,
            points: None,
            ingest: Timestamp(self.ingest),
            properties: &[],
            payload,
        };
        admit(&mut batch, publish);
        self.commit(batch);
    }

    pub(crate) fn delete(&mut self, node: NodeNo, purge: bool) {
        let ingest = Timestamp(self.ingest);
        let mut batch = Batch::new();
        batch.push(&Record::NodeDeleted { org: OrgId::DEFAULT, node, purge, ingest });
        self.commit(batch);
    }

    fn commit(&mut self, batch: Batch) {
        self.log.append(batch, None).expect("a log that takes everything");
        self.ingest += MS;
    }

    pub(crate) fn ask(&self, query: HistoryQuery) -> Result<HistoryPage, historian_query::Error> {
        self.runtime.block_on(self.running.as_ref().expect("a running store").query.history(query))
    }

    pub(crate) fn query(&self) -> Query {
        self.running.as_ref().expect("a running store").query.clone()
    }

    /// Every sample of a topic, through pages of this size.
    pub(crate) fn all(&self, query: HistoryQuery) -> HistoryPage {
        let mut query = query;
        let mut whole = self.ask(query.clone()).expect("a first page");
        while let Some(next) = whole.next.take() {
            query.after = Some(next);
            let page = self.ask(query.clone()).expect("a next page");
            assert!(!page.samples.is_empty(), "a page that promises more has more");
            whole.samples.extend(page.samples);
            whole.next = page.next;
            whole.gaps = page.gaps;
        }
        whole
    }

    pub(crate) fn files(&self) -> Vec<String> {
        use fabric::Disk;
        self.disk.list(&self.dir.join("files")).expect("a directory")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop();
        drop(std::fs::remove_dir_all(&self.dir));
    }
}

/// Everything of a topic.
pub(crate) fn raw(topic: &str) -> HistoryQuery {
    HistoryQuery {
        org: OrgId::DEFAULT,
        topic: topic.into(),
        field: None,
        start: Timestamp(0),
        end: Timestamp(i64::MAX),
        until_newest: false,
        aggregate: None,
        bucket: None,
        limit: 100_000,
        after: None,
    }
}

/// Buckets of a topic.
pub(crate) fn buckets(topic: &str, aggregate: Aggregate, millis: u64) -> HistoryQuery {
    let bucket = Some(std::time::Duration::from_millis(millis));
    HistoryQuery { aggregate: Some(aggregate), bucket, ..raw(topic) }
}
