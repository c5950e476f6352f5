//! Passwords of people, hashed with argon2id and written as PHC strings.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq as _;
use uns_model::Random;
use zeroize::Zeroizing;

use crate::Error;

/// Shorter passwords are refused when they are set.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Longer passwords are refused everywhere.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// Memory in KiB, passes and lanes of new hashes: the first recommendation of OWASP for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// The limits for a hash in the file, since a single line could otherwise take all memory of the hub.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;

/// The hash of a password, with everything needed to verify one.
#[derive(Clone)]
pub(crate) struct PasswordHash {
    params: Params,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

impl PasswordHash {
    /// Reads `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('$');
        let (Some(""), Some("argon2id"), Some("v=19")) = (parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let mut costs = parts.next()?.split(',');
        let mut cost = |name: &str| -> Option<u32> {
            costs.next()?.strip_prefix(name)?.strip_prefix('=')?.parse().ok()
        };
        let (memory, passes, lanes) = (cost("m")?, cost("t")?, cost("p")?);
        let decode = |part: Option<&str>| STANDARD_NO_PAD.decode(part?).ok();
        let (salt, hash) = (decode(parts.next())?, decode(parts.next())?);
        let usable = memory <= MEMORY_KIB_MAX
            && passes <= PASSES_MAX
            && (16..=64).contains(&hash.len())
            && (8..=64).contains(&salt.len())
            && parts.next().is_none()
            && costs.next().is_none();
        let params = Params::new(memory, passes, lanes, Some(hash.len())).ok()?;
        usable.then_some(Self { params, salt, hash })
    }

    /// A hash without a password, so that unknown names take as long as known ones.
    pub(crate) fn decoy(random: &dyn Random) -> Self {
        let mut salt = vec![0; SALT_BYTES];
        let mut hash = vec![0; HASH_BYTES];
        random.fill(&mut salt);
        random.fill(&mut hash);
        Self { params: params(), salt, hash }
    }

    /// The same hash with the cost of another one, if there is another.
    pub(crate) fn with_cost_of(&self, other: Option<&Self>) -> Self {
        let like = other.and_then(|other| {
            let Self { params, .. } = other;
            let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
            Params::new(memory, passes, lanes, Some(self.hash.len())).ok()
        });
        Self { params: like.unwrap_or_else(|| self.params.clone()), ..self.clone() }
    }

    /// Whether this is the password. It takes tens of milliseconds on purpose.
    pub(crate) fn verify(&self, password: &[u8]) -> bool {
        let mut found = Zeroizing::new(vec![0; self.hash.len()]);
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let hashed = argon.hash_password_into(password, &self.salt, &mut found);
        hashed.is_ok() && found.ct_eq(&self.hash).into()
    }
}

fn params() -> Params {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).expect("the constants are in range")
}

/// Hashes a new password.
///
/// # Errors
/// It is too short or too long.
pub fn hash_password(password: &str, random: &dyn Random) -> Result<String, Error> {
    check_password(password)?;
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt);
    let mut hash = Zeroizing::new([0; HASH_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params())
        .hash_password_into(password.as_bytes(), &salt, &mut *hash)
        .map_err(|error| Error::Unusable(format!("the password cannot be hashed: {error}")))?;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(*hash));
    Ok(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}"))
}

fn check_password(password: &str) -> Result<(), Error> {
    let unusable = |why: String| Err(Error::Unusable(why));
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return unusable(format!(
            "the password is too short; it needs {PASSWORD_CHARS_MIN} characters, any characters"
        ));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return unusable(format!("the password is longer than {PASSWORD_BYTES_MAX} bytes"));
    }
    if password.chars().any(char::is_control) {
        return unusable("the password has a control character in it".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uns_model::SeededRandom;

    use super::*;

    #[test]
    fn a_password_matches_its_own_hash_only() {
        let text = hash_password("correct horse battery", &SeededRandom::new(1)).unwrap();
        let hash = PasswordHash::parse(&text).unwrap();
        assert!(hash.verify(b"correct horse battery"));
        assert!(!hash.verify(b"correct horse batterY") && !hash.verify(b""));
        let costly = text.replace("m=19456,t=2", "m=64,t=3");
        let costly = PasswordHash::parse(&costly).unwrap();
        let decoy = PasswordHash::decoy(&SeededRandom::new(1)).with_cost_of(Some(&costly));
        assert_eq!((decoy.params.m_cost(), decoy.params.t_cost()), (64, 3));
        assert!(!decoy.verify(b"correct horse battery"));
        assert!(!PasswordHash::decoy(&SeededRandom::new(1)).verify(b"correct horse battery"));
        for short in ["", "elevenchars", "with\nnewline in it"] {
            assert!(hash_password(short, &SeededRandom::new(1)).is_err(), "{short}");
        }
    }

    #[test]
    fn a_hash_of_another_implementation_is_verified() {
        // python: argon2.PasswordHasher(2, 65536, 4).hash("password"), the example of RFC 9106's
        // reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 4
        let text = "$argon2id$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$GpZ3sK/oH9p7VIiV56G/64Zo/8GaUw434IimaPqxwCo";
        assert!(PasswordHash::parse(text).unwrap().verify(b"password"));
    }

    #[test]
    fn invalid_hashes_are_refused() {
        let good = hash_password("correct horse battery", &SeededRandom::new(1)).unwrap();
        for wrong in [
            "".to_owned(),
            "secret".to_owned(),
            good.replace("argon2id", "argon2i"),
            good.replace("m=19456", "m=99999999"),
            good.replace("t=2", "t=9999"),
            good.replace("v=19", "v=16"),
            format!("{good}$x"),
            good.chars().take(60).collect(),
        ] {
            assert!(PasswordHash::parse(&wrong).is_none(), "{wrong}");
        }
    }
}
