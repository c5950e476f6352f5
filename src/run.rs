//! `uns run`: the Lite edition, every module in one process.

mod broker;
pub(crate) mod certificates;
pub(crate) mod descriptors;
mod entrance;
mod first_password;
mod panics;
mod parts;
pub(crate) mod public;
mod runtime;
mod serve;
mod stopping;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use broker_access::AccessControl;
use broker_server::{Handle, Server, Transport};
use clap::Args;
use hub_kit::http::{CONNECTIONS_MAX, Places, ServeConfig};
use tokio::sync::Notify;
use tracing_subscriber::EnvFilter;

use crate::config::{self, Config, TracingFormat};
use crate::memory::{self, Watch};
use crate::page;
use crate::ready::Ready;
use crate::umask::Umask;
use entrance::Entrance;
use panics::Panics;
use parts::Parts;
use runtime::essential;
use serve::{Beside, HttpSide};

/// Where the hub keeps its data and what it was told.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Data directory; made if missing.
    #[arg(long, default_value = "uns-data", value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    config: config::ConfigArgs,
    /// Written when the hub is ready: JSON with pid, version and every bound address.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// Open the hub to other machines: MQTT in TLS on 8883 and HTTPS on 8443, with a CA and a
    /// certificate made in the data directory; everybody has to log in, everywhere.
    #[arg(long)]
    public: bool,
    /// A name or address by which others reach this machine, for the certificate; may be repeated.
    #[arg(long, value_name = "NAME", requires = "public", value_parser = public::host)]
    public_name: Vec<String>,
}

/// Runs until a signal asks it to stop.
pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let umask = Umask::close();
    let mut config =
        config::load_with(args.config.config.as_deref(), &args.config.set, |config| {
            if args.public {
                public::open(config, &args.data, &args.public_name);
            }
        })?;
    init_tracing(&config)?;
    let panics = Panics::watch();
    let limit = memory::find(config.memory.max);
    let wished =
        (config.mqtt.connections_max, CONNECTIONS_MAX.min(config.shares().http_connections));
    let (mqtt, http) =
        descriptors::connections_max(descriptors::raise(), config.mqtt.cores(), wished);
    config.mqtt.connections_max = mqtt;
    let http = ServeConfig {
        places: Places::with_borrowed(http, wished.1.max(http)),
        entrance: page::PATHS,
        ..ServeConfig::default()
    };
    let hub = runtime::hub_runtime()?;
    let signals = hub.block_on(async { Signals::new() })?;

    let parts = Parts::open(&args.data, &config)?;
    let authority = public::Authority::open(args.public, &args.public_name, &parts, &config)?;
    let entrance = Entrance::open(&parts, &config, entrance::on_terminal())?;
    let broker = hub.block_on(broker::start(&parts, &config, &entrance))?;
    let woken = Arc::new(Notify::new());
    let watched = parts.watched(broker.handle(), &hub, Arc::clone(&woken));
    let watch = Watch::start(limit, watched)?;
    let memory = Arc::clone(&watch.figures);
    let beside = Beside { entrance: &entrance, memory, panics };
    let http = hub.block_on(serve::start(&parts, &broker, (&config, http), beside))?;
    let data = parts.directory.path().to_path_buf();
    let follow = entrance::follow(entrance.control.clone(), broker.handle(), data);
    hub.spawn(essential("the watch over access.toml", follow));
    let renew = public::renew(authority.clone(), Arc::clone(&parts.clock));
    hub.spawn(essential("the renewal of certificates", renew));
    let ready = ready(&broker, &http, &authority)?;
    tracing::info!(mqtt = %ready.mqtt, http = %ready.http, data = %args.data.display(), "ready");
    if let Some(path) = &args.ready_file {
        ready.write_for(path, umask)?;
    }
    ready.leave_in(&args.data);
    let log_in = entrance.log_ins(&args.data);
    crate::client::print(&ready.banner(&args.data, page::embedded(), &log_in))?;

    let signal = hub.block_on(signals.wait(&broker.handle(), &entrance.control, &woken));
    tracing::info!(signal, "stopping");
    drop(watch);
    stopping::stop(hub, (broker, http), &parts)
}

/// Where everything listens.
fn ready(broker: &Server, http: &HttpSide, authority: &public::Authority) -> Result<Ready> {
    let listens = |transport| {
        let listeners = broker.listeners().iter();
        listeners.filter(|listener| listener.transport == transport).map(|l| l.address).next()
    };
    Ok(Ready {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION"),
        mqtt: listens(Transport::Tcp).context("the broker has no listener")?,
        mqtt_tls: listens(Transport::Tls),
        mqtt_websocket: listens(Transport::WebSocket),
        mqtt_websocket_tls: listens(Transport::WebSocketTls),
        http: http.address(),
        https: http.secure_address(),
        host: authority.host.clone(),
        ca: authority.ca.clone(),
        ca_fingerprint: authority.fingerprint.clone(),
    })
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

/// The signals that ask for an orderly stop, and the one that asks to read files again: those of
/// TLS and the one of accounts.
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

    /// Waits for one that asks to stop. Whenever `woken` says so, this thread gives back memory.
    async fn wait(
        mut self,
        broker: &Handle,
        control: &AccessControl,
        woken: &Notify,
    ) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                () = woken.notified() => memory::give_back(),
                _ = self.hangup.recv() => {
                    broker.reload_certificates();
                    entrance::reload(control, broker, true).await;
                }
            }
        }
    }
}
