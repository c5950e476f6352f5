//! CAs and certificates, made while a test runs, and clients that trust or show them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use broker_codec::Version;
use broker_server::{Config, Deps, Tls, Transport};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use crate::client::{Broker, Client};

/// A CA.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate and its key.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// The list of what this CA revoked, by serial number.
    pub(crate) fn revoke(&self, serials: &[u64]) -> String {
        let day = |day| rcgen::date_time_ymd(2026, 1, day);
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: day(2),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: day(2),
            next_update: rcgen::date_time_ymd(2096, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).expect("a list").pem().expect("PEM")
    }

    /// A certificate for `localhost` with this subject.
    pub(crate) fn issue(&self, common_name: &str) -> Pair {
        self.issue_as(common_name, None)
    }

    /// The same with this serial number.
    pub(crate) fn issue_as(&self, common_name: &str, serial: Option<u64>) -> Pair {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Acme");
        params.distinguished_name.push(DnType::CommonName, common_name);
        let key = KeyPair::generate().expect("a key");
        params.serial_number = serial.map(SerialNumber::from);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Pair { certificate, key: key.serialize_pem() }
    }
}

/// PEM files that go when their test does.
pub(crate) struct Files(PathBuf);

impl Files {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("uns-tls-{}-{n}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        // In one step: a file half written would be a change of its own.
        let new = self.path(&format!("{name}.new"));
        fs::write(&new, content).expect("a file");
        fs::rename(new, self.path(name)).expect("a file");
    }

    pub(crate) fn pair(&self, pair: &Pair) {
        self.write("certificate.pem", &pair.certificate);
        self.write("key.pem", &pair.key);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn tls(&self) -> Tls {
        Tls::new(self.path("certificate.pem"), self.path("key.pem"))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A broker with a TLS listener, its files, and the CA of its certificate.
pub(crate) struct Secure {
    pub(crate) broker: Broker,
    pub(crate) files: Files,
    pub(crate) authority: Authority,
}

impl Secure {
    pub(crate) fn start(transport: Transport) -> Self {
        Self::with(transport, Deps::default(), |_, _| ())
    }

    pub(crate) fn with(
        transport: Transport,
        deps: Deps,
        change: impl FnOnce(&mut Config, &Path),
    ) -> Self {
        let (files, authority) = (Files::new(), Authority::new("Plant CA"));
        files.pair(&authority.issue("hub"));
        let broker = Broker::also(transport, deps, |config| {
            config.tls = Some(files.tls());
            change(config, &files.0);
        });
        Self { broker, files, authority }
    }

    /// A client over TLS.
    pub(crate) fn client(&self, trust: &Trust<'_>, version: Version) -> Client {
        Client::over(self.stream(trust, Transport::Tls), version)
    }

    pub(crate) fn stream(
        &self,
        trust: &Trust<'_>,
        transport: Transport,
    ) -> StreamOwned<ClientConnection, std::net::TcpStream> {
        let name = ServerName::try_from("localhost").expect("a name");
        let session = ClientConnection::new(trust.config(), name).expect("a session");
        StreamOwned::new(session, self.broker.socket(transport))
    }

    pub(crate) fn trust(&self) -> Trust<'_> {
        Trust { authority: &self.authority.pem, shows: None, versions: &[], alpn: &[] }
    }
}

/// What a client trusts, shows and offers.
#[derive(Clone, Copy)]
pub(crate) struct Trust<'a> {
    pub(crate) authority: &'a str,
    pub(crate) shows: Option<&'a Pair>,
    pub(crate) versions: &'a [&'static SupportedProtocolVersion],
    pub(crate) alpn: &'a [&'a str],
}

impl Trust<'_> {
    fn config(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        for ca in CertificateDer::pem_slice_iter(self.authority.as_bytes()) {
            roots.add(ca.expect("PEM")).expect("a CA");
        }
        let both = tokio_rustls::rustls::ALL_VERSIONS;
        let versions = if self.versions.is_empty() { both } else { self.versions };
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = match self.shows {
            None => builder.with_no_client_auth(),
            Some(pair) => {
                let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes());
                let chain = chain.collect::<Result<_, _>>().expect("PEM");
                let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).expect("PEM");
                builder.with_client_auth_cert(chain, key).expect("a pair")
            }
        };
        config.alpn_protocols = self.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}
