//! What tells people and scripts that the hub is ready: the banner and the ready file.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::umask::Umask;

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
    /// The same in TLS, if it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) https: Option<SocketAddr>,
    /// By what other machines reach this one, where they can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    /// The certificate of the hub's own CA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,
    /// Its SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_fingerprint: Option<String>,
}

/// What the banner says about log-ins.
#[derive(Clone, Debug)]
pub(crate) struct LogIns {
    /// Whether everybody needs one.
    pub(crate) needed: bool,
    /// In words.
    pub(crate) lines: String,
}

/// Where a data directory says at what addresses its hub was started last.
const ADDRESSES: &str = "addresses.json";

impl Ready {
    /// Writes the ready file for whoever started the hub; it holds no secret, so it is not as closed
    /// as what the hub keeps for itself.
    pub(crate) fn write_for(&self, path: &Path, umask: Umask) -> Result<()> {
        self.write(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(umask.file_mode()))
            .with_context(|| format!("cannot open the ready file {} to others", path.display()))
    }

    /// Whole or not at all: a reader never sees half of it.
    fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("the ready file is plain JSON")?;
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let temporary = Path::new(&temporary);
        fs::write(temporary, text + "\n")
            .and_then(|()| fs::rename(temporary, path))
            .with_context(|| format!("cannot write the ready file {}", path.display()))
    }

    /// Leaves the addresses in the data directory, for `uns device add`.
    pub(crate) fn leave_in(&self, data: &Path) {
        if let Err(error) = self.write(&data.join(ADDRESSES)) {
            // A full disk, most likely: no reason not to serve.
            tracing::warn!(%error, "the addresses are not in the data directory");
        }
    }

    /// What a hub left there.
    pub(crate) fn left_in(data: &Path) -> Option<serde_json::Value> {
        serde_json::from_slice(&fs::read(data.join(ADDRESSES)).ok()?).ok()
    }

    /// The lines a plant engineer needs next.
    pub(crate) fn banner(&self, data: &Path, page: bool, log_in: &LogIns) -> String {
        let url = if page { "" } else { "   (built without the page; the API is there)" };
        let further = self.further();
        let secure = self.https.map(|address| {
            let host = self.host.as_deref().unwrap_or("localhost");
            format!("                   https://{host}:{}/\n", address.port())
        });
        let secure = secure.unwrap_or_default();
        let ca = match (&self.ca, &self.ca_fingerprint) {
            (Some(ca), Some(fingerprint)) => format!(
                "    CA             {}\n                   SHA-256 {fingerprint}\n",
                ca.display()
            ),
            _ => String::new(),
        };
        let log_ins = &log_in.lines;
        let next = self.next_step(data, log_in.needed);
        format!(
            "\n  UNS Hub {} is ready, data in {}\n\n\
             \x20   page and API   http://{}/{url}\n\
             {secure}\
             \x20   MQTT           mqtt://{}\n\
             {further}\
             {ca}\
             \x20   log-in         {log_ins}\n\n\
             {next}",
            self.version,
            data.display(),
            self.http,
            self.mqtt,
        )
    }

    /// What to type next.
    fn next_step(&self, data: &Path, log_in_needed: bool) -> String {
        let (host, port) = (self.mqtt.ip(), self.mqtt.port());
        if log_in_needed {
            return format!(
                "  Try:  uns device add press1 --data {} --allow 'uns/v1/acme/#'\n",
                data.display()
            );
        }
        format!(
            "  Try:  mosquitto_pub -h {host} -p {port} -t uns/v1/acme/dallas/press/line1/cell3/temperature -m 23.4\n\
             \x20       (or `uns demo --mqtt mqtt://{}` for a small living plant)\n",
            self.mqtt
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
