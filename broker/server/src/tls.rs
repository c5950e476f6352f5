//! TLS of the listeners: built once from PEM files, shared by all handshakes, and replaced as a
//! whole when the files change. Connections keep what they began with.

mod reload;
mod subject;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use broker_engine::Certificate;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime,
};
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
    /// Who judges client certificates, where they are asked for.
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

/// What a file looked like, without its content: when it was changed, its length, and which file
/// it is, since two that take turns within a tick of the file system's clock have one time.
type Look = Vec<Option<(SystemTime, u64, u64)>>;

/// The certificates of this broker.
pub(crate) struct Certificates {
    files: Tls,
    current: ArcSwap<Material>,
    counters: Arc<Counters>,
    /// How often the files were read again.
    generation: AtomicU64,
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
            generation: AtomicU64::new(0),
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

    /// Another number means other files: who is connected may have to go.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether a client that shows these certificates would still be let in.
    pub(crate) fn still_takes(&self, shown: &[CertificateDer<'_>]) -> bool {
        let current = self.current.load();
        let (Some(clients), Some((own, between))) = (&current.clients, shown.split_first()) else {
            return true;
        };
        clients.verify_client_cert(own, between, UnixTime::now()).is_ok()
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
    let of_clients = [files.client_ca.as_ref(), files.client_crl.as_ref()];
    let paths = [Some(&files.certificate), Some(&files.key)].into_iter().chain(of_clients);
    let seen = |path: &Path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
    };
    paths.flatten().map(|path| seen(path)).collect()
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
    let revoked = match &files.client_crl {
        Some(path) => revocations(path).map_err(fault(path))?,
        None => vec![],
    };
    let clients = match &files.client_ca {
        None => None,
        Some(path) => Some(verifier(path, revoked, files.client_optional).map_err(fault(path))?),
    };
    let builder = match &clients {
        None => builder.with_no_client_auth(),
        Some(clients) => builder.with_client_cert_verifier(Arc::clone(clients)),
    };
    let mut mqtt = builder
        .with_single_cert(chain, key)
        .map_err(|error| fault(&files.certificate)(format!("with its key: {error}")))?;
    let mut web = mqtt.clone();
    mqtt.alpn_protocols = vec![b"mqtt".to_vec()];
    web.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Material { mqtt: Arc::new(mqtt), web: Arc::new(web), page: Arc::new(page), clients })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| error.to_string())?;
    if read.is_empty() { Err("it holds no certificate".into()) } else { Ok(read) }
}

fn revocations(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    let read = CertificateRevocationListDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| error.to_string())?;
    if read.is_empty() { Err("it holds no revocation list".into()) } else { Ok(read) }
}

/// A certificate of a CA without a list is refused where there are lists at all: nobody knows
/// whether it was revoked.
fn verifier(
    path: &Path,
    revoked: Vec<CertificateRevocationListDer<'static>>,
    optional: bool,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    let provider = Arc::new(default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = builder.with_crls(revoked).only_check_end_entity_revocation();
    let builder = if optional { builder.allow_unauthenticated() } else { builder };
    builder.build().map_err(|error| error.to_string())
}
