//! TLS of the listeners: built once from PEM files, shared by all handshakes, and replaced as a
//! whole when the files change. Connections keep what they began with.

mod reload;
mod subject;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use broker_engine::Certificate;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, ServerConnection};

use crate::Error;
use crate::config::Tls;
use crate::counters::Counters;
pub(crate) use reload::watch;

/// What one state of the files makes.
#[derive(Debug)]
struct Material {
    mqtt: Arc<ServerConfig>,
    web: Arc<ServerConfig>,
    /// Of HTTPS: pages and programs there log in without certificates.
    page: Arc<ServerConfig>,
}

/// What a file looked like, without its content: when it was changed, its length, and which file
/// it is, since two that take turns within a tick of the file system's clock have one time.
type Look = Vec<Option<(SystemTime, u64, u64)>>;

/// The certificates of this broker.
pub(crate) struct Certificates {
    files: Tls,
    current: ArcSwap<Material>,
    counters: Arc<Counters>,
    /// Somebody wants the files read again, changed or not.
    asked: Notify,
    /// The files as they serve, and as they last failed to.
    looks: Mutex<(Look, Option<Look>)>,
}

impl Certificates {
    /// Reads the files.
    pub(crate) fn open(files: &Tls, counters: Arc<Counters>) -> Result<Arc<Self>, Error> {
        let look = look(files);
        Ok(Arc::new(Self {
            current: ArcSwap::from_pointee(build(files)?),
            files: files.clone(),
            counters,
            asked: Notify::new(),
            looks: Mutex::new((look, None)),
        }))
    }

    /// What a handshake that begins now goes by.
    pub(crate) fn config(&self, web: bool) -> Arc<ServerConfig> {
        let current = self.current.load();
        Arc::clone(if web { &current.web } else { &current.mqtt })
    }

    /// What a handshake of HTTPS that begins now goes by.
    pub(crate) fn page(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.load().page)
    }

    /// Has the files read again soon.
    pub(crate) fn ask(&self) {
        self.asked.notify_one();
    }
}

/// The client certificate of a session whose handshake is over.
pub(crate) fn certificate_of(session: &ServerConnection) -> Option<Certificate> {
    Some(describe(session.peer_certificates()?.first()?))
}

/// What a certificate in DER says of whom it is for.
pub(crate) fn describe(der: &[u8]) -> Certificate {
    let subject = subject::of(der).unwrap_or_default();
    Certificate {
        der: der.into(),
        common_name: subject.common_name().map(Into::into),
        subject: subject.to_string().into(),
    }
}

fn look(files: &Tls) -> Look {
    let paths = [Some(&files.certificate), Some(&files.key), files.client_ca.as_ref()];
    let seen = |path: &Path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
    };
    paths.into_iter().flatten().map(|path| seen(path)).collect()
}

fn build(files: &Tls) -> Result<Material, Error> {
    let fault = |path: &Path| {
        let path = path.to_owned();
        move |why: String| Error::Tls { path, why }
    };
    let chain = certificates(&files.certificate).map_err(fault(&files.certificate))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| fault(&files.key)(error.to_string()))?;
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(&files.certificate)(error.to_string()))?;
    let unasked = builder.clone().with_no_client_auth();
    let mut page = unasked
        .with_single_cert(chain.clone(), key.clone_key())
        .map_err(|error| fault(&files.certificate)(format!("with its key: {error}")))?;
    page.alpn_protocols = vec![b"http/1.1".to_vec()];
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let verifier = verifier(path, files.client_optional).map_err(fault(path))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut mqtt = builder
        .with_single_cert(chain, key)
        .map_err(|error| fault(&files.certificate)(format!("with its key: {error}")))?;
    let mut web = mqtt.clone();
    mqtt.alpn_protocols = vec![b"mqtt".to_vec()];
    web.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Material { mqtt: Arc::new(mqtt), web: Arc::new(web), page: Arc::new(page) })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| error.to_string())?;
    if read.is_empty() { Err("it holds no certificate".into()) } else { Ok(read) }
}

fn verifier(path: &Path, optional: bool) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    let provider = Arc::new(default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if optional { builder.allow_unauthenticated() } else { builder };
    builder.build().map_err(|error| error.to_string())
}
