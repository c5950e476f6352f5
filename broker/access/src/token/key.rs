//! The keys that verify tokens. Each is for one algorithm.

use std::fmt;
use std::path::Path;

use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use crate::secret::{SecretHash, hex};

/// How a token is signed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Algorithm {
    EdDsa,
    Es256,
    Rs256,
    Hs256,
}

impl Algorithm {
    /// The algorithm with this name in RFC 7518 or RFC 8037.
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            "EdDSA" => Some(Self::EdDsa),
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            "HS256" => Some(Self::Hs256),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }

    /// The object identifier of its public keys, in DER without tag and length.
    fn oid(self) -> &'static [u8] {
        match self {
            Self::EdDsa => &[0x2b, 0x65, 0x70],
            Self::Es256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
            Self::Rs256 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01],
            Self::Hs256 => &[],
        }
    }
}

/// Identifies the content of a key, whatever its id or its file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fingerprint {
    algorithm: Algorithm,
    hash: SecretHash,
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm.name(), hex(self.hash.digest()))
    }
}

/// A key.
#[derive(Clone)]
pub(crate) struct Key {
    /// The key id, if it has one.
    pub(crate) id: Option<String>,
    pub(crate) fingerprint: Fingerprint,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Public(Algorithm, Vec<u8>),
    Secret(hmac::Key),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Key {
    /// Reads the file of a key: a public key in PEM, or the bytes of a shared secret.
    pub(crate) fn read(
        id: Option<String>,
        algorithm: Algorithm,
        path: &Path,
    ) -> Result<Self, String> {
        let (material, hash) = if algorithm == Algorithm::Hs256 {
            let bytes = std::fs::read(path).map(Zeroizing::new).map_err(|e| e.to_string())?;
            let secret = bytes.trim_ascii_end();
            if secret.len() < 32 {
                return Err("it holds fewer than 32 bytes, too few for HS256".into());
            }
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            (Material::Secret(key), SecretHash::of(secret))
        } else {
            let info = SubjectPublicKeyInfoDer::from_pem_file(path)
                .map_err(|error| format!("it is no PEM file with a PUBLIC KEY: {error}"))?;
            let key = public_key(&info, algorithm)
                .ok_or("its public key is of another kind than the algorithm")?;
            (Material::Public(algorithm, key.to_vec()), SecretHash::of(key))
        };
        Ok(Self { id, fingerprint: Fingerprint { algorithm, hash }, material })
    }

    /// A shared secret without a file, for fuzzing.
    pub(crate) fn of_secret(secret: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let fingerprint = Fingerprint { algorithm: Algorithm::Hs256, hash: SecretHash::of(secret) };
        Self { id: None, fingerprint, material: Material::Secret(key) }
    }

    /// The one algorithm it is for.
    pub(crate) fn algorithm(&self) -> Algorithm {
        match &self.material {
            Material::Public(algorithm, _) => *algorithm,
            Material::Secret(_) => Algorithm::Hs256,
        }
    }

    /// Whether this key made the signature.
    pub(crate) fn verify(&self, signed: &[u8], signature: &[u8]) -> bool {
        let Material::Public(algorithm, key) = &self.material else {
            let Material::Secret(key) = &self.material else { return false };
            return hmac::verify(key, signed, signature).is_ok();
        };
        let checked = match algorithm {
            Algorithm::EdDsa => UnparsedPublicKey::new(&ED25519, key).verify(signed, signature),
            Algorithm::Es256 => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(signed, signature)
            }
            Algorithm::Rs256 => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(signed, signature)
            }
            Algorithm::Hs256 => return false,
        };
        checked.is_ok()
    }
}

/// The key inside a `SubjectPublicKeyInfo`, if it is of the algorithm's kind.
fn public_key(info: &[u8], algorithm: Algorithm) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const OBJECT_IDENTIFIER: u8 = 0x06;
    const BIT_STRING: u8 = 0x03;
    let (outer, _) = element(info, SEQUENCE)?;
    let (kind, rest) = element(outer, SEQUENCE)?;
    let (oid, _) = element(kind, OBJECT_IDENTIFIER)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    let (unused, key) = bits.split_first()?;
    (oid == algorithm.oid() && *unused == 0).then_some(key)
}

/// The content of a DER element of this tag, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if length >= 0x80 {
        let (digits, after) = rest.split_at_checked(length & 0x7f)?;
        if digits.len() > 4 {
            return None;
        }
        length = digits.iter().fold(0, |length, digit| (length << 8) | usize::from(*digit));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(length)?;
    (*found == tag).then_some((content, after))
}
