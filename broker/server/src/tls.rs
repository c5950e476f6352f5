//! TLS settings of the listeners. They are built from PEM files, shared by all handshakes, and
//! replaced as a whole when the files change. Open connections keep the settings they began with.

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

/// The settings that one state of the files results in.
#[derive(Debug)]
struct Settings {
    mqtt: Arc<ServerConfig>,
    web: Arc<ServerConfig>,
    /// For HTTPS, where clients log in without certificates.
    page: Arc<ServerConfig>,
    /// Verifies client certificates, where clients are asked for one.
    client_verifier: Option<Arc<dyn ClientCertVerifier>>,
}

/// The metadata of the files, by which a change is noticed without reading them. `None` stands for a
/// file that is missing.
type Metadata = Vec<Option<FileMetadata>>;

/// The metadata of one file. The inode tells apart two files that replace each other within one tick
/// of the file system's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct FileMetadata {
    modified: SystemTime,
    bytes: u64,
    inode: u64,
}

/// Which states of the files were tried last.
#[derive(Debug)]
struct Tried {
    /// The state in effect.
    in_effect: Metadata,
    /// The state that last failed to take effect.
    failed: Option<Metadata>,
}

/// The TLS files of this broker and their current settings.
pub(crate) struct Certificates {
    files: Tls,
    current: ArcSwap<Settings>,
    counters: Arc<Counters>,
    /// How often the files were read again.
    generation: AtomicU64,
    /// Notified when the files should be read again, whether they changed or not.
    asked: Notify,
    tried: Mutex<Tried>,
}

impl Certificates {
    /// Reads the files.
    pub(crate) fn open(files: &Tls, counters: Arc<Counters>) -> Result<Arc<Self>, Error> {
        let in_effect = metadata(files);
        Ok(Arc::new(Self {
            current: ArcSwap::from_pointee(build(files)?),
            files: files.clone(),
            counters,
            generation: AtomicU64::new(0),
            asked: Notify::new(),
            tried: Mutex::new(Tried { in_effect, failed: None }),
        }))
    }

    /// The settings for a handshake of MQTT, or of MQTT over WebSocket, that begins now.
    pub(crate) fn config(&self, web: bool) -> Arc<ServerConfig> {
        let current = self.current.load();
        Arc::clone(if web { &current.web } else { &current.mqtt })
    }

    /// The settings for an HTTPS handshake that begins now.
    pub(crate) fn page(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.load().page)
    }

    /// A number that changes with the files. Connections must then be checked again.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether a client with these certificates would still be accepted.
    pub(crate) fn still_accepts(&self, shown: &[CertificateDer<'_>]) -> bool {
        let current = self.current.load();
        let (Some(verifier), Some((own, between))) =
            (&current.client_verifier, shown.split_first())
        else {
            return true;
        };
        verifier.verify_client_cert(own, between, UnixTime::now()).is_ok()
    }

    /// Makes the files be read again soon.
    pub(crate) fn ask(&self) {
        self.asked.notify_one();
    }
}

/// The client certificate of a session whose handshake is done.
pub(crate) fn certificate_of(session: &ServerConnection) -> Option<Certificate> {
    Some(describe(session.peer_certificates()?.first()?))
}

/// The subject of a certificate in DER.
pub(crate) fn describe(der: &[u8]) -> Certificate {
    let subject = subject::of(der).unwrap_or_default();
    Certificate {
        der: der.into(),
        common_name: subject.common_name().map(Into::into),
        subject: subject.to_string().into(),
    }
}

fn metadata(files: &Tls) -> Metadata {
    let of_clients = [files.client_ca.as_ref(), files.client_crl.as_ref()];
    let paths = [Some(&files.certificate), Some(&files.key)].into_iter().chain(of_clients);
    let seen = |path: &Path| {
        let found = fs::metadata(path).ok()?;
        let modified = found.modified().ok()?;
        Some(FileMetadata { modified, bytes: found.len(), inode: found.ino() })
    };
    paths.flatten().map(|path| seen(path)).collect()
}

fn build(files: &Tls) -> Result<Settings, Error> {
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
    let client_verifier = match &files.client_ca {
        None => None,
        Some(path) => Some(verifier(path, revoked, files.client_optional).map_err(fault(path))?),
    };
    let builder = match &client_verifier {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
    };
    let mut mqtt = builder
        .with_single_cert(chain, key)
        .map_err(|error| fault(&files.certificate)(format!("with its key: {error}")))?;
    let mut web = mqtt.clone();
    mqtt.alpn_protocols = vec![b"mqtt".to_vec()];
    web.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Settings { mqtt: Arc::new(mqtt), web: Arc::new(web), page: Arc::new(page), client_verifier })
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

/// Makes the verifier of client certificates. If there are revocation lists, a certificate of a CA
/// without one is refused, since it may have been revoked.
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
