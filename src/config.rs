//! Configuration: defaults, then a TOML file, then `--set`; typed once, checked once.

mod access;
mod args;
mod keys;
mod limits;
mod memory;
mod mqtt;
mod namespace;
mod network;
mod units;

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, anyhow, bail};
use figment::Figment;
use figment::error::Kind;
use figment::providers::{Format as _, Serialized, Toml};
use serde::{Deserialize, Serialize};

pub(crate) use access::{Access, AnonymousAccess};
pub(crate) use args::ConfigArgs;
pub(crate) use keys::reference;
pub(crate) use limits::Limits;
pub(crate) use memory::MemoryMax;
pub(crate) use mqtt::{ClientCertificate, Durability, Listen, ListenerDurability, Mqtt, Refusals};
pub(crate) use namespace::{Brownfield, Names, Namespace};
pub(crate) use network::Network;
pub(crate) use units::{ByteSize, Span, span_in_words};

/// Everything an operator can set.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) mqtt: Mqtt,
    pub(crate) memory: memory::Memory,
    pub(crate) http: Http,
    pub(crate) access: Access,
    pub(crate) namespace: Namespace,
    pub(crate) log: Log,
    pub(crate) history: History,
    pub(crate) tracing: Tracing,
}

/// `[http]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    pub(crate) listen: SocketAddr,
    pub(crate) hosts: Vec<String>,
    pub(crate) body_bytes_max: ByteSize,
    pub(crate) tls: HttpTls,
}

/// `[http.tls]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpTls {
    pub(crate) listen: Listen,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) keep: Span,
    pub(crate) keep_percent: u8,
    pub(crate) memory: ByteSize,
    pub(crate) on_damage: OnDamage,
}

/// What start-up does when it finds a damaged range in the log.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnDamage {
    /// Start, serve the rest, report the range.
    Serve,
    /// Stop and say where.
    Refuse,
}

/// `[history]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct History {
    pub(crate) flush_every: Span,
    pub(crate) memory: ByteSize,
}

/// `[tracing]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tracing {
    pub(crate) filter: String,
    pub(crate) format: TracingFormat,
}

/// How the hub's own log lines look.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TracingFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            hosts: Vec::new(),
            body_bytes_max: ByteSize::mib(8),
            tls: HttpTls::default(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            keep: Span::seconds(24 * 3600),
            keep_percent: 20,
            memory: ByteSize::mib(64),
            on_damage: OnDamage::Serve,
        }
    }
}

impl Default for History {
    fn default() -> Self {
        Self { flush_every: Span::seconds(600), memory: ByteSize::mib(256) }
    }
}

impl Default for Tracing {
    fn default() -> Self {
        Self { filter: "info".into(), format: TracingFormat::Text }
    }
}

/// Resolves the configuration; an error names the key and the file or `--set` it came from.
pub(crate) fn load(file: Option<&Path>, set: &[String]) -> Result<Config> {
    load_with(file, set, |_| {})
}

/// The same, with a last word before it is checked.
pub(crate) fn load_with(
    file: Option<&Path>,
    set: &[String],
    last: impl FnOnce(&mut Config),
) -> Result<Config> {
    let mut given = Figment::new();
    if let Some(path) = file {
        if !path.is_file() {
            let why = if path.exists() { "is no file" } else { "does not exist" };
            bail!("configuration file {} {why}", path.display());
        }
        given = given.merge(Toml::file_exact(path));
    }
    let defaults = || Figment::from(Serialized::defaults(Config::default()));
    for entry in set {
        given = given.merge(Toml::string(&keys::set_to_toml(entry)?));
        defaults()
            .merge(&given)
            .extract::<Config>()
            .map_err(|e| describe(&e, Some(entry), file))?;
    }
    let extracted = defaults().merge(&given).extract();
    let mut config: Config = extracted.map_err(|e| describe(&e, None, file))?;
    last(&mut config);
    let memory = crate::memory::find(config.memory.max).map(|limit| limit.bytes);
    config.fit(memory, &|key| given.contains(key));
    check(&config)?;
    Ok(config)
}

fn describe(error: &figment::Error, entry: Option<&str>, file: Option<&Path>) -> anyhow::Error {
    let from = match (entry, file) {
        (Some(entry), _) => format!("--set {entry}"),
        (None, Some(path)) => path.display().to_string(),
        (None, None) => "the defaults".into(),
    };
    let key = error.path.join(".");
    let (what, hint) = match &error.kind {
        Kind::UnknownField(name, known) => {
            let near = keys::nearest(&key, name).map(|near| format!("did you mean `{near}`?"));
            (format!("unknown key; known here: {}", known.join(", ")), near)
        }
        Kind::UnknownVariant(given, known) => {
            (format!("`{given}` is none of {}", known.join(", ")), None)
        }
        other => (other.to_string().replace("usize", "a whole number"), keys::form(&key)),
    };
    let place = if key.is_empty() { String::new() } else { format!("{key}: ") };
    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    anyhow!("{from}: {place}{what}{hint} (`uns config` lists every key)")
}

fn check(config: &Config) -> Result<()> {
    access::check(config)?;
    config.mqtt.check()?;
    config.memory.check()?;
    check_limits(config)?;
    config.namespace.zone()?;
    Ok(())
}

/// What each number may be; beyond it the hub would not start, or not work.
fn check_limits(config: &Config) -> Result<()> {
    let Config { mqtt, memory: _, http, access: _, namespace, log, history, tracing } = config;
    let (mib, gib) = (ByteSize::mib, |n: u64| ByteSize::mib(n << 10));
    let span = Span::seconds;
    within("mqtt.cores", mqtt.cores, 0, 256)?;
    within("mqtt.connections_max", mqtt.connections_max, 1, 1_000_000)?;
    within("mqtt.packet_bytes_max", mqtt.packet_bytes_max, ByteSize::kib(1), mib(32))?;
    within("mqtt.outbound_bytes_max", mqtt.outbound_bytes_max, ByteSize::kib(64), gib(1))?;
    within("mqtt.connect_timeout", mqtt.connect_timeout, span(1), span(600))?;
    within(
        "mqtt.session_expiry_max",
        mqtt.session_expiry_max,
        span(0),
        span(10 * 365 * 24 * 3600),
    )?;
    within("mqtt.session_messages_max", mqtt.session_messages_max, 1, 8_000_000)?;
    within("mqtt.session_bytes_max", mqtt.session_bytes_max, ByteSize::kib(64), gib(1024))?;
    within("mqtt.sessions_max", mqtt.sessions_max, 0, 10_000_000)?;
    within("mqtt.keep_alive_max", mqtt.keep_alive_max, span(1), span(65_535))?;
    mqtt.limits.check()?;
    within("http.body_bytes_max", http.body_bytes_max, ByteSize::kib(1), gib(1))?;
    within("namespace.nodes_max", namespace.nodes_max, 1, 100_000_000)?;
    within("namespace.checkpoint_every", namespace.checkpoint_every, span(1), span(86_400))?;
    let expiry = namespace.command_expiry_max;
    within("namespace.command_expiry_max", expiry, span(1), span(86_400))?;
    within("namespace.fields_max", namespace.fields_max, 0, uns_namespace::FIELDS_MAX)?;
    within("namespace.fields_depth_max", namespace.fields_depth_max, 1, 32)?;
    within("log.keep", log.keep, span(1), span(3650 * 86_400))?;
    within("log.keep_percent", log.keep_percent, 1, 90)?;
    within("log.memory", log.memory, mib(1), gib(16))?;
    within("history.flush_every", history.flush_every, span(1), span(86_400))?;
    within("history.memory", history.memory, mib(1), gib(64))?;
    tracing.check()
}

fn within<T: Copy + PartialOrd + Display>(key: &str, value: T, low: T, high: T) -> Result<()> {
    if value < low || value > high {
        bail!("{key} = {value} is out of range; it takes {low} to {high}");
    }
    Ok(())
}

impl Tracing {
    /// A lone word is a level: taken as the name of a module, a slip would silence the hub.
    fn check(&self) -> Result<()> {
        const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
        for part in self.filter.split(',').map(str::trim) {
            let level = LEVELS.iter().any(|level| part.eq_ignore_ascii_case(level));
            if !level && !part.contains(['=', '[']) {
                bail!(
                    "tracing.filter = \"{}\": `{part}` is none of {}; a module's own level is \
                     written broker_server=debug",
                    self.filter,
                    LEVELS.join(", ")
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
