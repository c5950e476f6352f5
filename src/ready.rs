//! What tells people and scripts that the hub is ready: the banner and the ready file.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};

/// The addresses a running hub has bound.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Ready {
    /// Process id.
    pub(crate) pid: u32,
    /// Version of this binary.
    pub(crate) version: &'static str,
    /// MQTT 3.1.1 and 5.0.
    pub(crate) mqtt: SocketAddr,
    /// MQTT in TLS, if it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mqtt_tls: Option<SocketAddr>,
    /// MQTT over WebSocket on a port of its own, if it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mqtt_websocket: Option<SocketAddr>,
    /// The same in TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mqtt_websocket_tls: Option<SocketAddr>,
    /// Page, API, WebSocket, and MQTT over WebSocket at `/mqtt`.
    pub(crate) http: SocketAddr,
}

impl Ready {
    /// Writes the ready file whole or not at all: a reader never sees half of it.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("the ready file is plain JSON")?;
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let temporary = Path::new(&temporary);
        fs::write(temporary, text + "\n")
            .and_then(|()| fs::rename(temporary, path))
            .with_context(|| format!("cannot write the ready file {}", path.display()))
    }

    /// The lines a plant engineer needs next.
    pub(crate) fn banner(&self, data: &Path, page: bool) -> String {
        let host = self.mqtt.ip();
        let port = self.mqtt.port();
        let url = if page { "" } else { "   (built without the page; the API is there)" };
        let further = self.further();
        format!(
            "\n  UNS Hub {} is ready, data in {}\n\n\
             \x20   page and API   http://{}/{url}\n\
             \x20   MQTT           mqtt://{}\n\
             {further}\
             \x20   log-in         none needed from this machine; nothing else can connect\n\n\
             \x20 Try:  mosquitto_pub -h {host} -p {port} -t uns/v1/acme/dallas/press/line1/cell3/temperature -m 23.4\n\
             \x20       (or `uns demo --mqtt mqtt://{}` for a small living plant)\n",
            self.version,
            data.display(),
            self.http,
            self.mqtt,
            self.mqtt,
        )
    }

    /// A line for each further MQTT listener.
    fn further(&self) -> String {
        let listeners = [
            ("mqtts://", self.mqtt_tls),
            ("ws://", self.mqtt_websocket),
            ("wss://", self.mqtt_websocket_tls),
        ];
        let lines = listeners.into_iter().filter_map(|(scheme, address)| {
            Some(format!("                   {scheme}{}\n", address?))
        });
        lines.collect()
    }
}
