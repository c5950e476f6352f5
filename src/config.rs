//! Configuration: defaults, then a TOML file, then `--set`; typed once, checked once.

mod access;
mod args;
mod history;
mod http;
mod keys;
mod limits;
mod load;
mod log;
mod memory;
mod mqtt;
mod namespace;
mod network;
mod range;
mod shares;
mod tracing;
mod units;

use std::net::SocketAddr;

use anyhow::Result;
use serde::{Deserialize, Serialize};

pub(crate) use access::{Access, AnonymousAccess};
pub(crate) use args::ConfigArgs;
use history::History;
use http::Http;
pub(crate) use keys::reference;
pub(crate) use load::{load, load_with};
pub(crate) use log::{Log, OnDamage};
pub(crate) use memory::MemoryMax;
pub(crate) use mqtt::{ClientCertificate, Durability, Listen, ListenerDurability, Mqtt, Refusals};
pub(crate) use namespace::{Brownfield, Names, Namespace};
use shares::Shares;
pub(crate) use tracing::{Tracing, TracingFormat};
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

impl Config {
    /// Every address that is listened on, by its key.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        let secure = self.http.tls.listen.0.map(|address| ("http.tls.listen", address));
        self.mqtt.addresses().chain([("http.listen", self.http.listen)]).chain(secure)
    }

    /// Whether everybody has to log in. Behind a proxy nobody is known to be on this machine.
    pub(crate) fn is_log_in_required(&self) -> bool {
        self.access.anonymous == AnonymousAccess::Never || self.mqtt.is_behind_proxy()
    }

    /// Whether other machines can connect.
    pub(crate) fn is_public(&self) -> bool {
        self.addresses().any(|(_, address)| !address.ip().is_loopback())
    }

    /// Limits that follow from the memory there is.
    pub(crate) fn shares(&self) -> Shares {
        let memory = crate::memory::find(self.memory.max).map(|limit| limit.bytes);
        Shares::of(memory, self.mqtt.cores())
    }

    /// Lowers what nobody set to its share of the memory, where that is less than the default.
    fn fit(&mut self, memory: Option<u64>, is_given: &dyn Fn(&str) -> bool) {
        let fit = |key: &str, value: &mut ByteSize, share: shares::Share, least: ByteSize| {
            if !is_given(key) {
                *value = (*value).min(shares::part(memory, share).max(least));
            }
        };
        let (kib, mib) = (ByteSize::kib, ByteSize::mib);
        fit("log.memory", &mut self.log.memory, shares::LOG, mib(1));
        fit("history.memory", &mut self.history.memory, shares::HISTORY, mib(1));
        fit("http.body_bytes_max", &mut self.http.body_bytes_max, shares::BODY, mib(1));
        let mqtt = &mut self.mqtt;
        fit("mqtt.packet_bytes_max", &mut mqtt.packet_bytes_max, shares::PACKET, kib(1088));
        fit("mqtt.outbound_bytes_max", &mut mqtt.outbound_bytes_max, shares::OUTBOUND, kib(64));
        let retained = &mut mqtt.limits.retained_bytes;
        fit("mqtt.limits.retained_bytes", retained, shares::RETAINED, mib(1));
    }

    /// Refuses what cannot work, by the name of its key.
    fn check(&self) -> Result<()> {
        self.addresses().try_for_each(|listener| self.access.check(listener))?;
        if self.http.tls.listen.0.is_some() {
            self.mqtt.check_files("http.tls.listen")?;
        }
        self.mqtt.check()?;
        self.memory.check()?;
        self.http.check()?;
        self.namespace.check()?;
        self.log.check()?;
        self.history.check()?;
        self.tracing.check()
    }
}

#[cfg(test)]
mod tests;
