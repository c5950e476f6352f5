//! `[access]`, and which addresses may be opened to other machines.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// `[access]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Access {
    pub(crate) anonymous: AnonymousAccess,
    pub(crate) plaintext_passwords: bool,
}

/// Who is let in without a log-in.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AnonymousAccess {
    /// Whoever is on this machine, until a proxy shows itself.
    #[default]
    Loopback,
    /// Nobody.
    Never,
}

/// Whether the listener of this key speaks TLS.
pub(super) fn is_secure(key: &str) -> bool {
    key.ends_with("tls.listen")
}

impl Access {
    /// Other machines are let in only by a log-in, and passwords travel in TLS.
    pub(super) fn check(&self, (key, address): (&str, SocketAddr)) -> Result<()> {
        if address.ip().is_loopback() {
            return Ok(());
        }
        let port = address.port();
        if self.anonymous != AnonymousAccess::Never {
            bail!(
                "{key} = \"{address}\": other machines may connect only where everybody has to \
                 log in; start with --public, or set access.anonymous = \"never\", or use a \
                 loopback address such as 127.0.0.1:{port}"
            );
        }
        if !is_secure(key) && !self.plaintext_passwords {
            bail!(
                "{key} = \"{address}\": passwords would cross the network unencrypted there; \
                 use mqtt.tls.listen and http.tls.listen, or a loopback address such as \
                 127.0.0.1:{port}, or set access.plaintext_passwords = true"
            );
        }
        Ok(())
    }
}
