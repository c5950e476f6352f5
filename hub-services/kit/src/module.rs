//! The module trait: settings and a [`Hub`] in, routes and an optional background task out.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use serde::de::DeserializeOwned;
use uns_model::{Clock, OrgId, Zone};
use utoipa::openapi::OpenApi;

use crate::health::HealthCheck;
use crate::metrics::MetricSource;
use crate::services::{DeadLetters, History, Live, Mqtt, Publish};
use crate::{Db, Error, Stop};

/// What the root lends every module.
#[derive(Clone)]
pub struct Hub {
    /// The organisation requests act for.
    pub org: OrgId,
    /// The namespace as it is now.
    pub live: Arc<dyn Live>,
    /// The namespace as it was.
    pub history: Arc<dyn History>,
    /// The publish gate.
    pub publish: Arc<dyn Publish>,
    /// The broker, for operators; `None` where the process serves no MQTT.
    pub mqtt: Option<Arc<dyn Mqtt>>,
    /// The log, to tail.
    pub log: Arc<dyn fabric::Log>,
    /// Refused publishes; `None` where the process keeps none.
    pub dead_letters: Option<Arc<dyn DeadLetters>>,
    /// Metadata; `None` where the process keeps none.
    pub db: Option<Db>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The zone of times in queries that name none (NS-23).
    pub zone: Zone,
    /// Ends with the process.
    pub stop: Stop,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("org", &self.org).finish_non_exhaustive()
    }
}

/// A background task that can be started again after it failed.
pub type Task = Arc<dyn Fn(Stop) -> TaskFuture + Send + Sync>;

/// One run of a [`Task`].
pub type TaskFuture = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A started module.
#[derive(Default)]
pub struct Started {
    /// Its routes, with their whole paths.
    pub router: Router,
    /// Their description.
    pub openapi: Option<OpenApi>,
    /// Its background task, to be supervised.
    pub task: Option<Task>,
    /// What it counts.
    pub metrics: Vec<Arc<dyn MetricSource>>,
    /// What may be wrong with it.
    pub health: Vec<Arc<dyn HealthCheck>>,
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").field("task", &self.task.is_some()).finish_non_exhaustive()
    }
}

/// A service of the hub.
pub trait Module: 'static {
    /// Its name in configuration, logs and metrics.
    const NAME: &'static str;
    /// Its settings.
    type Config: DeserializeOwned + Send;

    /// Checks what it needs and gives its parts; long work belongs into the task.
    fn start(config: Self::Config, hub: Hub)
    -> impl Future<Output = Result<Started, Error>> + Send;
}

/// A [`Module`] without its type, for the root's list.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// [`Module::NAME`].
    pub name: &'static str,
    check: fn(serde_json::Value) -> Result<(), Error>,
    start: fn(serde_json::Value, Hub) -> StartFuture,
}

type StartFuture = Pin<Box<dyn Future<Output = Result<Started, Error>> + Send>>;

impl Kind {
    /// Erases the module's type.
    pub const fn of<M: Module>() -> Self {
        Self { name: M::NAME, check: check::<M>, start: start::<M> }
    }

    /// Checks the settings and opens nothing; `null` means all defaults.
    pub fn check(&self, config: serde_json::Value) -> Result<(), Error> {
        (self.check)(config)
    }

    /// Starts the module.
    pub async fn start(&self, config: serde_json::Value, hub: Hub) -> Result<Started, Error> {
        (self.start)(config, hub).await
    }
}

fn parse<M: Module>(config: serde_json::Value) -> Result<M::Config, Error> {
    let config = if config.is_null() { serde_json::json!({}) } else { config };
    serde_json::from_value(config).map_err(|source| Error::Config { module: M::NAME, source })
}

fn check<M: Module>(config: serde_json::Value) -> Result<(), Error> {
    parse::<M>(config).map(drop)
}

fn start<M: Module>(config: serde_json::Value, hub: Hub) -> StartFuture {
    Box::pin(async move { M::start(parse::<M>(config)?, hub).await })
}
