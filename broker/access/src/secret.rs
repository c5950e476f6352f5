//! Secrets of devices: 256 random bits, of which the file keeps the SHA-256. They cannot be guessed, so
//! a fast hash is enough, and a core of the broker can check them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq as _;
use uns_model::Random;
use zeroize::Zeroizing;

/// The prefix of generated secrets, by which they are recognised.
const PREFIX: &str = "uns_";
/// The length of a secret: the prefix, and 32 bytes in base64.
const LENGTH: usize = PREFIX.len() + 43;

/// The hash of a device's secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretHash([u8; 32]);

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

/// Generates a secret.
pub fn generate_secret(random: &dyn Random) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 32]);
    random.fill(&mut *bytes);
    Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(*bytes)))
}

/// Generates a password of 160 bits that people can read out and type.
pub fn generate_password(random: &dyn Random) -> Zeroizing<String> {
    // It has no letters and digits that look alike.
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = Zeroizing::new([0; 32]);
    random.fill(&mut *bytes);
    let mut out = Zeroizing::new(String::with_capacity(40));
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 8 == 0 {
            out.push('-');
        }
        out.push(char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
    }
    out
}

/// The hash as the file has it.
pub fn secret_sha256(secret: &str) -> String {
    hex(SecretHash::of(secret.as_bytes()).0)
}

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether this has the form of a generated secret.
pub(crate) fn is_secret(password: &[u8]) -> bool {
    password.len() == LENGTH && password.starts_with(PREFIX.as_bytes())
}

impl SecretHash {
    pub(crate) fn of(secret: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, secret).as_ref());
        Self(hash)
    }

    /// The bytes of the hash.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (to, at) in hash.iter_mut().zip((0..64).step_by(2)) {
            *to = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(hash))
    }

    /// Whether this is the hash of the secret that was shown. The comparison takes constant time.
    pub(crate) fn is(&self, shown: &Self) -> bool {
        shown.0.ct_eq(&self.0).into()
    }
}

#[cfg(test)]
mod tests {
    use uns_model::{SeededRandom, SystemRandom};

    use super::*;

    #[test]
    fn a_secret_matches_its_own_hash_only() {
        let secret = generate_secret(&SystemRandom);
        assert!(is_secret(secret.as_bytes()) && *secret != *generate_secret(&SystemRandom));
        let hash = SecretHash::parse(&secret_sha256(&secret)).unwrap();
        let is = |shown: &[u8]| hash.is(&SecretHash::of(shown));
        assert!(is(secret.as_bytes()) && !is(b"uns_") && !is(b""));
        // printf abc | sha256sum
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(secret_sha256("abc"), known);
        assert!(
            SecretHash::parse(known.trim_start_matches('b')).is_none()
                && SecretHash::parse("+1").is_none()
        );
    }

    #[test]
    fn generated_passwords_come_in_groups_of_eight_characters() {
        let password = generate_password(&SeededRandom::new(3));
        assert_eq!(password.len(), 35);
        assert!(password.split('-').all(|group| group.len() == 8), "{}", *password);
    }
}
