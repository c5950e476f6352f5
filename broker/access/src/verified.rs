//! Remembers passwords that were right a moment ago. A client that reconnects at once, or sends a
//! request over HTTP every second, does not cost a slow hash each time.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use ring::hmac;
use uns_model::Random;

/// The most entries. If all are current, the cache is emptied.
const KEPT_MAX: usize = 1024;
/// How long an entry is kept.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// The account of a password.
#[derive(Clone, Copy)]
pub(crate) struct Account<'a> {
    pub(crate) name: &'a str,
    /// The hash that the file has of its password.
    pub(crate) hash: &'a str,
}

/// Keyed digests of name, hash and password. The passwords themselves are not kept.
pub(crate) struct Verified {
    key: hmac::Key,
    until: Mutex<HashMap<[u8; 32], Duration>>,
}

impl Verified {
    pub(crate) fn new(random: &dyn Random) -> Self {
        let mut key = [0; 32];
        random.fill(&mut key);
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key), until: Mutex::default() }
    }

    fn digest(&self, account: Account<'_>, password: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [account.name, account.hash] {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part.as_bytes());
        }
        context.update(password);
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }

    /// Whether this password was right for this name and hash within the last minute.
    pub(crate) fn knows(&self, now: Duration, account: Account<'_>, password: &[u8]) -> bool {
        let digest = self.digest(account, password);
        self.until.lock().get(&digest).is_some_and(|until| *until > now)
    }

    /// Remembers a password that was right for this hash. If the password was changed while it was
    /// verified, it counts for the old hash only.
    pub(crate) fn add(&self, now: Duration, account: Account<'_>, password: &[u8]) {
        let digest = self.digest(account, password);
        let mut until = self.until.lock();
        if until.len() >= KEPT_MAX {
            until.retain(|_, until| *until > now);
        }
        if until.len() >= KEPT_MAX {
            until.clear();
        }
        until.insert(digest, now + KEPT_FOR);
    }

    /// Forgets everything, because the accounts have changed.
    pub(crate) fn clear(&self) {
        self.until.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use uns_model::SeededRandom;

    use super::*;

    #[test]
    fn right_passwords_are_remembered_for_a_minute() {
        let verified = Verified::new(&SeededRandom::new(1));
        let at = Duration::from_secs;
        let account = |name, hash| Account { name, hash };
        let anna = account("anna", "hash");
        verified.add(at(10), anna, b"secret");
        assert!(verified.knows(at(69), anna, b"secret"));
        assert!(!verified.knows(at(70), anna, b"secret"));
        assert!(!verified.knows(at(11), account("ann", "ahash"), b"secret"));
        assert!(!verified.knows(at(11), account("anna", "has"), b"hsecret"));
        assert!(!verified.knows(at(11), anna, b"x"));
        assert!(!verified.knows(at(11), account("anna", "another"), b"secret"));
        for n in 0..KEPT_MAX * 2 {
            verified.add(at(11), account("x", "hash"), &n.to_le_bytes());
        }
        assert!(verified.until.lock().len() <= KEPT_MAX);
        verified.clear();
        assert!(verified.until.lock().is_empty());
    }
}
