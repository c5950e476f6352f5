//! `uns run`: the Lite edition, every module in one process.

mod broker;
mod parts;
mod runtime;
mod serve;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use broker_server::{Handle, Transport};
use clap::Args;
use hub_kit::http::{Anonymous, Guard, Hosts, ServeConfig};
use tracing_subscriber::EnvFilter;

use crate::config::{self, Config, TracingFormat};
use crate::page;
use crate::ready::Ready;
use crate::wiring::mqtt_websocket::Guarded;
use parts::Parts;

/// Where the hub keeps its data and what it was told.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Data directory; made if missing.
    #[arg(long, default_value = "uns-data", value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    config: crate::cli::ConfigArgs,
    /// Written when the hub is ready: JSON with pid, version and every bound address.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
}

/// How long clients and modules get to end; the historian's last flush comes on top.
const STOP_DEADLINE: Duration = Duration::from_secs(3);

/// Runs until a signal asks it to stop.
pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let mut config = config::load(args.config.config.as_deref(), &args.config.set)?;
    init_tracing(&config)?;
    let descriptors = runtime::raise_descriptor_limit();
    let mut http = ServeConfig::default();
    (config.mqtt.connections_max, http.connections_max) =
        runtime::connections_max(descriptors, config.mqtt.connections_max, http.connections_max);
    let hub = runtime::hub_runtime()?;
    let signals = hub.block_on(async { Signals::new() })?;

    let parts = Parts::open(&args.data, &config)?;
    let anonymous = Arc::new(Anonymous::allowed());
    let hosts = Hosts::new(&config.http.hosts).context("http.hosts")?;
    let pages = Arc::new(Guarded(Guard::new(hosts, Arc::clone(&anonymous))));
    let broker = hub.block_on(broker::start(&parts, &config, pages))?;
    let http = hub.block_on(serve::start(&parts, &broker, (&config, http), anonymous))?;
    let listens = |transport| {
        let listeners = broker.listeners().iter();
        listeners.filter(|listener| listener.transport == transport).map(|l| l.address).next()
    };
    let ready = Ready {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION"),
        mqtt: listens(Transport::Tcp).context("the broker has no listener")?,
        mqtt_tls: listens(Transport::Tls),
        mqtt_websocket: listens(Transport::WebSocket),
        mqtt_websocket_tls: listens(Transport::WebSocketTls),
        http: http.address(),
    };
    tracing::info!(mqtt = %ready.mqtt, http = %ready.http, data = %args.data.display(), "ready");
    if let Some(path) = &args.ready_file {
        ready.write(path)?;
    }
    crate::client::print(&ready.banner(&args.data, page::embedded()))?;

    let signal = hub.block_on(signals.wait(&broker.handle()));
    tracing::info!(signal, "stopping");
    hub.block_on(broker.shutdown(STOP_DEADLINE));
    hub.block_on(http.stop(STOP_DEADLINE));
    parts.close();
    hub.shutdown_timeout(STOP_DEADLINE);
    tracing::info!("stopped");
    Ok(())
}

fn init_tracing(config: &Config) -> Result<()> {
    let filter = EnvFilter::try_new(&config.tracing.filter).with_context(|| {
        let filter = &config.tracing.filter;
        format!(
            "tracing.filter = \"{filter}\" is no filter; write info, or info,broker_server=debug"
        )
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let installed = match config.tracing.format {
        TracingFormat::Text => builder.with_target(false).try_init(),
        TracingFormat::Json => builder.json().try_init(),
    };
    installed.map_err(|error| anyhow::anyhow!("the hub's own log cannot be set up: {error}"))
}

/// The signals that ask for an orderly stop, and the one that asks to read TLS files again.
struct Signals {
    hangup: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            hangup: signal(SignalKind::hangup()).context("no SIGHUP handler")?,
            terminate: signal(SignalKind::terminate()).context("no SIGTERM handler")?,
            interrupt: signal(SignalKind::interrupt()).context("no SIGINT handler")?,
        })
    }

    async fn wait(mut self, broker: &Handle) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hangup.recv() => broker.reload_certificates(),
            }
        }
    }
}
