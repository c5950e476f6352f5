//! Configuration: defaults, then a TOML file, then `--set`; typed once, checked once.

mod keys;
mod mqtt;
mod units;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use figment::Figment;
use figment::providers::{Format as _, Serialized, Toml};
use serde::{Deserialize, Serialize};

pub(crate) use keys::reference;
pub(crate) use mqtt::{ClientCertificate, Listen, Mqtt};
pub(crate) use units::{ByteSize, Span};

/// Everything an operator can set.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) mqtt: Mqtt,
    pub(crate) http: Http,
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
}

/// `[namespace]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Namespace {
    pub(crate) brownfield: Brownfield,
    pub(crate) names: Names,
    pub(crate) nodes_max: usize,
    pub(crate) brownfield_nodes_max: usize,
    pub(crate) zone: String,
    pub(crate) checkpoint_every: Span,
}

/// What a topic outside our prefixes becomes (NS-1).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Brownfield {
    /// A node with last value and history.
    History,
    /// A node with a last value only.
    Current,
    /// Plain MQTT.
    Off,
}

/// Which names a path may carry under `uns/v1/` (NS-4).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Names {
    /// Letters, digits, `_` and `-`.
    Portable,
    /// Every valid MQTT level.
    Any,
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
        }
    }
}

impl Default for Namespace {
    fn default() -> Self {
        Self {
            brownfield: Brownfield::History,
            names: Names::Portable,
            nodes_max: 2_000_000,
            brownfield_nodes_max: 100_000,
            zone: "UTC".into(),
            checkpoint_every: Span::seconds(60),
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
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    if let Some(path) = file {
        if !path.is_file() {
            bail!("configuration file {} does not exist", path.display());
        }
        figment = figment.merge(Toml::file_exact(path));
    }
    for entry in set {
        figment = figment.merge(Toml::string(&keys::set_to_toml(entry)?));
        figment.extract::<Config>().map_err(|e| describe(&e, Some(entry), file))?;
    }
    let config: Config = figment.extract().map_err(|e| describe(&e, None, file))?;
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
    let hint = match &error.kind {
        figment::error::Kind::UnknownField(name, _) => keys::nearest(&key, name),
        _ => None,
    };
    let place = if key.is_empty() { String::new() } else { format!("{key}: ") };
    let hint = hint.map(|h| format!("; did you mean `{h}`?")).unwrap_or_default();
    anyhow!("{from}: {place}{}{hint} (`uns config` lists every key)", error.kind)
}

fn check(config: &Config) -> Result<()> {
    let http = ("http.listen", config.http.listen);
    for (key, address) in config.mqtt.addresses().chain([http]) {
        if !address.ip().is_loopback() {
            bail!(
                "{key} = \"{address}\": this version serves its own machine only, because it has \
                 no log-ins yet; use a loopback address such as 127.0.0.1:{}",
                address.port()
            );
        }
    }
    let limits = [
        ("mqtt.connections_max", config.mqtt.connections_max as u64, 1, 1_000_000),
        ("mqtt.packet_bytes_max", config.mqtt.packet_bytes_max.bytes(), 1024, 256 << 20),
        ("mqtt.outbound_bytes_max", config.mqtt.outbound_bytes_max.bytes(), 64 << 10, 1 << 30),
        ("mqtt.connect_timeout", config.mqtt.connect_timeout.0.as_secs(), 1, 600),
        ("mqtt.keep_alive_max", config.mqtt.keep_alive_max.0.as_secs(), 1, 65_535),
        ("http.body_bytes_max", config.http.body_bytes_max.bytes(), 1024, 1 << 30),
        ("log.keep_percent", u64::from(config.log.keep_percent), 1, 90),
        ("log.memory", config.log.memory.bytes(), 1 << 20, 16 << 30),
        ("history.memory", config.history.memory.bytes(), 1 << 20, 64 << 30),
        ("history.flush_every", config.history.flush_every.0.as_secs(), 1, 86_400),
        ("namespace.checkpoint_every", config.namespace.checkpoint_every.0.as_secs(), 1, 86_400),
    ];
    for (key, value, low, high) in limits {
        if !(low..=high).contains(&value) {
            bail!("{key} = {value} is out of range; it takes {low} to {high}");
        }
    }
    config.mqtt.check()?;
    config.namespace.offset_seconds()?;
    Ok(())
}

impl Namespace {
    /// The offset of times that name no zone (NS-23), in seconds east of UTC, as of today.
    pub(crate) fn offset_seconds(&self) -> Result<i32> {
        let zone = jiff::tz::TimeZone::get(&self.zone)
            .with_context(|| format!("namespace.zone = \"{}\" is no IANA time zone", self.zone))?;
        Ok(zone.to_offset(jiff::Timestamp::now()).seconds())
    }
}

#[cfg(test)]
mod tests;
