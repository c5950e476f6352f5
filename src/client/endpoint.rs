//! Where the command line connects to over MQTT, how and as whom: its arguments, as `mosquitto_pub`
//! names them, and what they come to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::Target;
use super::account::{Account, AccountArgs};

/// Arguments of everything that speaks MQTT.
#[derive(Debug, Args)]
pub(crate) struct MqttArgs {
    /// The broker; mqtts:// is TLS and wants --cafile.
    #[arg(long, default_value = "mqtt://127.0.0.1:1883", value_name = "URL")]
    mqtt: Target,
    /// PEM file with the CA that vouches for the broker; one of `uns run --public` is in tls/ca.pem
    /// of its data directory.
    #[arg(long, value_name = "FILE")]
    cafile: Option<PathBuf>,
    /// PEM file with a certificate to show.
    #[arg(long, value_name = "FILE", requires_all = ["key", "cafile"])]
    cert: Option<PathBuf>,
    /// PEM file with its private key.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    #[command(flatten)]
    account: AccountArgs,
}

/// What a connection is made of.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(super) target: Target,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) account: Option<Account>,
}

impl MqttArgs {
    /// Reads the files they name.
    pub(crate) fn endpoint(&self) -> Result<Endpoint> {
        let tls = match (&self.cafile, self.mqtt.secure) {
            (Some(ca), true) => Some(Arc::new(self.tls(ca)?)),
            (None, false) => None,
            (Some(_), false) => bail!("{} is not TLS: write mqtts://, or no --cafile", self.mqtt),
            (None, true) => bail!(
                "{} needs --cafile, the CA's certificate; `uns run --public` says where it is",
                self.mqtt
            ),
        };
        Ok(Endpoint { target: self.mqtt.clone(), tls, account: self.account.account()? })
    }

    fn tls(&self, ca: &Path) -> Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(ca)? {
            let unfit = || format!("{} holds no CA's certificate", ca.display());
            roots.add(certificate).with_context(unfit)?;
        }
        let config = ClientConfig::builder().with_root_certificates(roots);
        let (Some(certificate), Some(key)) = (&self.cert, &self.key) else {
            return Ok(config.with_no_client_auth());
        };
        let unread = || format!("cannot read a private key from {}", key.display());
        let private = PrivateKeyDer::from_pem_file(key).with_context(unread)?;
        let unfit = || format!("{} does not go with {}", key.display(), certificate.display());
        config.with_client_auth_cert(certificates(certificate)?, private).with_context(unfit)
    }
}

/// The certificates in a PEM file, at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unread = || format!("cannot read certificates from {}", path.display());
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(unread)?;
    if found.is_empty() {
        bail!("{} holds no certificate", path.display());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Alone {
        #[command(flatten)]
        args: MqttArgs,
    }

    fn endpoint(line: &[&str]) -> Result<Endpoint, String> {
        let line = [&["uns"], line].concat();
        let alone = Alone::try_parse_from(line).map_err(|error| error.to_string())?;
        alone.args.endpoint().map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn what_does_not_go_together_is_said() {
        let check = |line: &[&str], said: &str| {
            let error = endpoint(line).unwrap_err();
            assert!(error.contains(said), "{line:?}: {error}");
        };
        check(&["--mqtt", "mqtts://hub"], "needs --cafile");
        check(&["--cafile", "ca.pem"], "is not TLS: write mqtts://");
        check(&["--mqtt", "mqtts://hub", "--cafile", "/nowhere"], "cannot read certificates");
        check(&["--cert", "a.pem"], "--key");
        check(&["--user", "press1"], "needs --password-file");
        check(&["--password-file", "x"], "needs --user");
        check(&["-u", "a", "-P", "b", "--password-file", "c"], "cannot be used with");
        check(&["-u", "a", "--password-file", "/nowhere"], "cannot read /nowhere");
    }

    #[test]
    fn a_password_is_in_no_debug_output() {
        let known = endpoint(&["-u", "press1", "-P", "s3cret"]).unwrap();
        let shown = format!("{known:?}");
        assert!(shown.contains("press1") && !shown.contains("s3cret"), "{shown}");
        assert_eq!(known.account.unwrap().password.as_str(), "s3cret");
    }
}
