//! A CA and a server certificate of our own: made at the first public start, renewed before they
//! end. Files that somebody else put there are left alone.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use ring::digest::{SHA256, digest};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use uns_model::{Random, Timestamp};

/// How long a server certificate is good: clients refuse those that are good for longer.
const SERVER_DAYS: i64 = 397;
/// It is renewed when fewer are left.
const RENEW_DAYS: i64 = 60;
const CA_DAYS: i64 = 20 * 365;
const DAY_NANOS: i64 = 24 * 3600 * 1_000_000_000;

/// Where the files lie.
fn folder(data: &Path) -> PathBuf {
    data.join("tls")
}

/// The certificate of the server.
pub(super) fn certificate(data: &Path) -> PathBuf {
    folder(data).join("server.pem")
}

/// Its private key.
pub(super) fn key(data: &Path) -> PathBuf {
    folder(data).join("server.key")
}

/// The certificate of the CA, which clients need.
pub(crate) fn authority(data: &Path) -> PathBuf {
    folder(data).join("ca.pem")
}

/// What was made, so that it is known again.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
struct Made {
    /// The common name of the CA.
    authority: String,
    /// What the server's certificate is for.
    names: Vec<String>,
    /// When it ends, in nanoseconds since 1970.
    not_after: i64,
    /// The SHA-256 of its file.
    sha256: String,
}

/// Makes or renews what is missing or about to end, and says whether it did.
pub(super) fn ensure(
    data: &Path,
    names: &[String],
    now: Timestamp,
    random: &dyn Random,
) -> Result<bool> {
    let folder = folder(data);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let made_path = folder.join("made.json");
    let made = fs::read(&made_path).ok();
    let made: Option<Made> = made.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let server = fs::read(certificate(data)).ok();
    if let Some(server) = &server {
        let Some(made) = &made else { return Ok(false) };
        let foreign = made.sha256 != hex(server);
        let good = made.not_after - now.0 > RENEW_DAYS * DAY_NANOS;
        let covered = names.iter().all(|name| made.names.contains(name));
        if foreign || (good && covered && key(data).exists()) {
            return Ok(false);
        }
    }
    let authority = made.map(|made| made.authority);
    let issuer = issuer(&folder, authority, now, random)?;
    let own = KeyPair::generate().context("no key for the server")?;
    let mut params = CertificateParams::new(names.to_vec()).context("the names of this machine")?;
    params.distinguished_name.push(DnType::CommonName, names.first().map_or("UNS Hub", |n| n));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let not_after = valid(&mut params, now, SERVER_DAYS);
    let signed = params.signed_by(&own, &issuer.issuer).context("the CA cannot sign")?.pem();
    write(&key(data), &own.serialize_pem(), 0o600)?;
    write(&certificate(data), &signed, 0o644)?;
    let sha256 = hex(signed.as_bytes());
    let made = Made { authority: issuer.name, names: names.to_vec(), not_after, sha256 };
    let text = serde_json::to_string_pretty(&made).context("what was made is plain JSON")?;
    write(&made_path, &text, 0o644)?;
    Ok(true)
}

struct Authority {
    name: String,
    issuer: Issuer<'static, KeyPair>,
}

/// The CA of the folder; a new one if there is none.
fn issuer(
    folder: &Path,
    known: Option<String>,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Authority> {
    let (certificate, key) = (folder.join("ca.pem"), folder.join("ca.key"));
    let existing = known.filter(|_| certificate.exists() && key.exists());
    let name = existing.clone().unwrap_or_else(|| format!("UNS Hub CA {:08x}", random.u64() >> 32));
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name.clone());
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut params, now, CA_DAYS);
    if existing.is_some() {
        let text =
            fs::read_to_string(&key).with_context(|| format!("cannot read {}", key.display()))?;
        let pair = KeyPair::from_pem(&text)
            .with_context(|| format!("{} is no private key in PEM", key.display()))?;
        return Ok(Authority { name, issuer: Issuer::new(params, pair) });
    }
    let pair = KeyPair::generate().context("no key for the CA")?;
    let signed = params.self_signed(&pair).context("the CA cannot be made")?;
    write(&key, &pair.serialize_pem(), 0o600)?;
    write(&certificate, &signed.pem(), 0o644)?;
    Ok(Authority { name, issuer: Issuer::new(params, pair) })
}

/// From yesterday, for clocks that are behind, for so many days; answers its end.
fn valid(params: &mut CertificateParams, now: Timestamp, days: i64) -> i64 {
    let date = |at: i64| {
        let time = jiff::Timestamp::from_nanosecond(i128::from(at)).unwrap_or_default();
        let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        rcgen::date_time_ymd(i32::from(date.year()), part(date.month()), part(date.day()))
    };
    let end = now.0.saturating_add(days * DAY_NANOS);
    (params.not_before, params.not_after) = (date(now.0 - DAY_NANOS), date(end));
    end
}

/// The SHA-256 of the CA's certificate as browsers and `openssl x509 -fingerprint` write it.
pub(super) fn fingerprint(data: &Path) -> Result<String> {
    let path = authority(data);
    let certificate = CertificateDer::from_pem_file(&path)
        .with_context(|| format!("{} is no certificate in PEM", path.display()))?;
    let digest = digest(&SHA256, &certificate);
    let pairs: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    Ok(pairs.join(":"))
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write(path: &Path, text: &str, mode: u32) -> Result<()> {
    let temporary = path.with_extension("tmp");
    let written = || {
        drop(fs::remove_file(&temporary));
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(mode).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use uns_model::SystemRandom;

    use super::*;

    #[test]
    fn certificates_are_kept_renewed_and_never_overwritten() {
        use std::os::unix::fs::PermissionsExt as _;
        let data = std::env::temp_dir().join(format!("uns-certificates-{}", std::process::id()));
        let now = Timestamp(1_795_262_400_000_000_000);
        let later = |days: i64| Timestamp(now.0 + days * DAY_NANOS);
        let names = |list: &[&str]| list.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let hub = names(&["hub.example", "10.0.0.7", "::1"]);
        let ensure = |names: &[String], at| ensure(&data, names, at, &SystemRandom).unwrap();
        let file = |path: PathBuf| fs::read(path).unwrap();
        assert!(ensure(&hub, now));
        let (first, ca) = (file(certificate(&data)), file(authority(&data)));
        for secret in [key(&data), folder(&data).join("ca.key")] {
            assert_eq!(fs::metadata(secret).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(!ensure(&hub, later(SERVER_DAYS - RENEW_DAYS - 1)));
        assert_eq!(file(certificate(&data)), first);
        assert!(ensure(&hub, later(SERVER_DAYS - RENEW_DAYS)));
        assert_ne!(file(certificate(&data)), first);
        assert_eq!(file(authority(&data)), ca, "clients go on trusting it");
        assert!(ensure(&names(&["new.example"]), now), "a name it is not for");
        assert_eq!(fingerprint(&data).unwrap().len(), 95);
        fs::write(certificate(&data), "of somebody else").unwrap();
        assert!(!ensure(&hub, later(9999)));
        assert_eq!(file(certificate(&data)), b"of somebody else");
        fs::remove_dir_all(data).unwrap();
    }
}
