//! The HTTP side of a hub, as the command line reaches it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use tokio_rustls::rustls::crypto::ring;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::account::AccountArgs;
use super::endpoint::certificates;

/// Arguments of everything that speaks HTTP.
#[derive(Debug, Args)]
pub(crate) struct HttpArgs {
    /// The hub; https:// wants --cafile.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    http: String,
    /// PEM file with the CA that vouches for the hub.
    #[arg(long, global = true, value_name = "FILE")]
    cafile: Option<PathBuf>,
    #[command(flatten)]
    account: AccountArgs,
}

/// Where requests go, and as whom.
pub(super) struct Site {
    pub(super) base: String,
    pub(super) agent: ureq::Agent,
    pub(super) basic: Option<String>,
}

impl HttpArgs {
    /// Reads the files they name.
    pub(super) fn site(&self) -> Result<Site> {
        let base = self.http.trim_end_matches('/').to_owned();
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let config = match (&self.cafile, base.starts_with("https://")) {
            (Some(ca), true) => {
                let found = certificates(ca)?;
                let roots = found.iter().map(|one| Certificate::from_der(one).to_owned());
                config.tls_config(
                    TlsConfig::builder()
                        .root_certs(RootCerts::from(roots))
                        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
                        .build(),
                )
            }
            (None, false) => config,
            (Some(_), false) => bail!("{base} is not TLS: write https://, or no --cafile"),
            (None, true) => bail!("{base} needs --cafile, the CA's certificate"),
        };
        let basic = self.account.account()?.map(|account| account.basic());
        Ok(Site { base, agent: config.build().new_agent(), basic })
    }
}
