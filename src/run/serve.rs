//! The HTTP side: modules, page, health and metrics behind one guard on one port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use broker_server::{Handle, Server};
use fabric::Log;
use historian_query::Query;
use hub_kit::http::{App, HttpConfig, Lender, Loan, ServeConfig, TlsSource, serve};
use hub_kit::metrics::MetricSource;
use hub_kit::services::DeadLetters;
use hub_kit::{Db, Hub, Kind, Stop, Stopper, Supervisor};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uns_model::OrgId;

use super::entrance::Entrance;
use super::panics::Panics;
use super::parts::Parts;
use super::runtime::essential;
use crate::config::Config;
use crate::memory::MemoryFigures;
use crate::wiring::dead::DeadPages;
use crate::wiring::figures::{Figures, Followers, HistoryHealth, LogHealth, LogInFigures};
use crate::wiring::history::StoredHistory;
use crate::wiring::live::LiveNamespace;
use crate::wiring::mqtt::Operators;
use crate::wiring::mqtt_websocket;
use crate::wiring::publish::GatedPublish;
use crate::wiring::seal::Seal;
use crate::{page, ports};

/// Every module of this build, by name.
const MODULES: &[Kind] = &[
    Kind::of::<hub_broker::Broker>(),
    Kind::of::<hub_uns::Uns>(),
    Kind::of::<hub_websocket::WebSocket>(),
];

/// The running HTTP side.
pub(super) struct HttpSide {
    address: SocketAddr,
    secure_address: Option<SocketAddr>,
    stopper: Stopper,
    servers: Vec<JoinHandle<()>>,
    supervisor: Supervisor,
}

/// What else HTTP shows and asks.
pub(super) struct Beside<'a> {
    pub(super) entrance: &'a Entrance,
    pub(super) memory: Arc<MemoryFigures>,
    pub(super) panics: Arc<Panics>,
}

/// Binds the port and starts every module.
pub(super) async fn start(
    parts: &Parts,
    broker: &Server,
    (config, limits): (&Config, ServeConfig),
    Beside { entrance, memory, panics }: Beside<'_>,
) -> Result<HttpSide> {
    let (listener, address) = bind("http.listen", config.http.listen).await?;
    let secure = match config.http.tls.listen.0 {
        Some(listen) => Some(bind("http.tls.listen", listen).await?),
        None => None,
    };
    let (stopper, stop) = Stop::pair();
    let mut supervisor = Supervisor::new(stop.clone());
    let mut app = App::new(env!("CARGO_PKG_VERSION"));
    let seal = Seal::new(&entrance.control.key_for("page tokens"), Arc::clone(&parts.random));
    let hub = hub((parts, config), broker, seal, stop.clone()).await?;
    for module in MODULES {
        let mut started = module
            .start(serde_json::json!({}), hub.clone())
            .await
            .with_context(|| format!("the module {} does not start", module.name))?;
        if let Some(task) = started.task.take() {
            supervisor.run(module.name, task);
        }
        app.module(started);
    }
    // A browser logs in by opening the page.
    app.entrance(page::router());
    app.routes(mqtt_websocket::router(broker.handle()));
    app.metrics(supervisor.metrics());
    app.metrics(Arc::new(limits.places.clone()));
    app.metrics(Arc::new(Figures {
        log: Arc::clone(&parts.log) as Arc<dyn Log>,
        namespace: Arc::clone(&parts.namespace),
        store: Arc::clone(&parts.store),
        broker: broker.handle(),
        dead: Arc::clone(&parts.dead),
    }));
    let followers = Arc::new(followers(parts));
    app.metrics(Arc::clone(&followers) as Arc<dyn MetricSource>);
    app.health(followers);
    app.metrics(Arc::new(LogInFigures(entrance.control.clone())));
    app.health(Arc::new(LogHealth(Arc::clone(&parts.log) as Arc<dyn Log>)));
    app.health(Arc::new(HistoryHealth(Arc::clone(&parts.store))));
    app.metrics(Arc::clone(&memory) as Arc<dyn MetricSource>);
    app.health(memory);
    app.metrics(Arc::clone(&panics) as Arc<dyn MetricSource>);
    app.health(panics);
    let http = HttpConfig {
        body_bytes_max: config.http.body_bytes_max.as_usize(),
        bodies_bytes_max: config.shares().bodies_bytes,
        ..HttpConfig::default()
    };
    let guard = entrance.guard.clone();
    let shared = hub_kit::http::Parts { guard, random: Arc::clone(&parts.random) };
    let router = app.router(&http, shared);
    limits.places.borrow_from(Arc::new(SpareConnections(broker.handle())));
    let mut servers = Vec::new();
    let secure_address = secure.as_ref().map(|(_, address)| *address);
    if let Some((listener, _)) = secure {
        let limits = ServeConfig { tls: Some(tls(broker)?), ..limits.clone() };
        let https = serve(listener, router.clone(), limits, stop.clone());
        servers.push(tokio::spawn(essential("the listener of HTTPS", https)));
    }
    let http = serve(listener, router, limits, stop);
    servers.push(tokio::spawn(essential("the listener of HTTP", http)));
    Ok(HttpSide { address, secure_address, stopper, servers, supervisor })
}

/// What is folded from the log.
fn followers(parts: &Parts) -> Followers {
    let folds = [parts.namespace.following(), parts.ledger.following(), parts.store.following()];
    Followers(folds.map(Arc::clone).into())
}

/// Connections MQTT may have and does not, for HTTP and WebSockets.
struct SpareConnections(Handle);

impl Lender for SpareConnections {
    fn lend(&self) -> Option<Loan> {
        self.0.lend().map(|lent| Box::new(lent) as Loan)
    }
}

async fn bind(key: &str, listen: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(listen).await.with_context(|| ports::taken(key, listen))?;
    let address = listener.local_addr().context("the HTTP socket has no address")?;
    Ok((listener, address))
}

/// HTTPS shows the certificate of the broker's listeners, renewed as theirs is.
fn tls(broker: &Server) -> Result<TlsSource> {
    let handle = broker.handle();
    let first = handle.page_tls().context("http.tls.listen needs mqtt.tls.certificate")?;
    let current = move || handle.page_tls().unwrap_or_else(|| Arc::clone(&first));
    Ok(TlsSource(Arc::new(current)))
}

async fn hub(
    (parts, config): (&Parts, &Config),
    broker: &Server,
    seal: Seal,
    stop: Stop,
) -> Result<Hub> {
    let metadata = parts.directory.path().join("metadata.sqlite");
    let query = Query::new(Arc::clone(&parts.store), historian_query::Config::default());
    let dead = DeadPages { log: Arc::clone(&parts.dead), seal: seal.clone() };
    Ok(Hub {
        org: OrgId::DEFAULT,
        live: Arc::new(LiveNamespace {
            namespace: Arc::clone(&parts.namespace),
            seal: seal.clone(),
        }),
        history: Arc::new(StoredHistory { query, seal }),
        publish: Arc::new(GatedPublish::new(broker.handle())),
        mqtt: Some(Arc::new(Operators {
            broker: broker.handle(),
            namespace: Arc::clone(&parts.namespace),
        })),
        log: Arc::clone(&parts.log) as Arc<dyn Log>,
        dead_letters: Some(Arc::new(dead) as Arc<dyn DeadLetters>),
        db: Some(Db::open(&metadata).await.context("cannot open the metadata database")?),
        clock: Arc::clone(&parts.clock),
        zone: config.namespace.zone()?,
        stop,
    })
}

impl HttpSide {
    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens in TLS.
    pub(super) fn secure_address(&self) -> Option<SocketAddr> {
        self.secure_address
    }

    /// Ends connections and modules, side by side.
    pub(super) async fn stop(self, deadline: Duration) {
        self.stopper.stop();
        let Self { mut servers, supervisor, .. } = self;
        let connections = async {
            let ended = async {
                for server in &mut servers {
                    // One that panicked has ended the process already.
                    drop(server.await);
                }
            };
            if tokio::time::timeout(deadline, ended).await.is_err() {
                tracing::warn!("HTTP connections did not end in time and are cut off");
                servers.iter().for_each(JoinHandle::abort);
            }
        };
        tokio::join!(connections, supervisor.finish(deadline));
    }
}
