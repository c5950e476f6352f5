//! `[access]`, and which addresses may be opened to other machines.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::Config;

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
}

/// Whether the listener of this key speaks TLS.
pub(super) fn is_secure(key: &str) -> bool {
    key.ends_with("tls.listen")
}

/// Other machines are let in only by a log-in, and passwords travel in TLS.
pub(super) fn check(config: &Config) -> Result<()> {
    let public = config.addresses().filter(|(_, address)| !address.ip().is_loopback());
    for (key, address) in public {
        let port = address.port();
        if config.access.anonymous != AnonymousAccess::Never {
            bail!(
                "{key} = \"{address}\": other machines may connect only where everybody has to \
                 log in; start with --public, or set access.anonymous = \"never\", or use a \
                 loopback address such as 127.0.0.1:{port}"
            );
        }
        if !is_secure(key) && !config.access.plaintext_passwords {
            bail!(
                "{key} = \"{address}\": passwords would cross the network unencrypted there; \
                 use mqtt.tls.listen and http.tls.listen, or a loopback address such as \
                 127.0.0.1:{port}, or set access.plaintext_passwords = true"
            );
        }
    }
    if config.http.tls.listen.0.is_some() {
        config.mqtt.check_files("http.tls.listen")?;
    }
    Ok(())
}
