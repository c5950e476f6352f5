//! `[http]`: page, API and WebSocket.

use std::net::SocketAddr;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::mqtt::Listen;
use super::range::within;
use super::units::ByteSize;

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

impl Http {
    pub(super) fn check(&self) -> Result<()> {
        let (low, high) = (ByteSize::kib(1), ByteSize::mib(1 << 10));
        within("http.body_bytes_max", self.body_bytes_max, low, high)
    }
}
