//! The secret of a data directory. Keys for several purposes are derived from it, so that they are the
//! same after a restart and unknown outside.

use ring::hmac;

use crate::secret::hex;

/// 256 random bits.
#[derive(Clone)]
pub(crate) struct LocalSecret([u8; 32]);

impl std::fmt::Debug for LocalSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalSecret(..)")
    }
}

impl LocalSecret {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A key for one purpose.
    pub(crate) fn key_for(&self, purpose: &str) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, format!("key for {purpose}").as_bytes());
        let mut derived = [0; 32];
        derived.copy_from_slice(tag.as_ref());
        derived
    }

    /// A mark of what tokens are valid under. It is logged with a will; it tells two such credentials
    /// apart, and nothing else about them.
    pub(crate) fn mark(&self, credential: &str) -> String {
        let secret = self.key_for("the keys that wills were left under");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let tag = hmac::sign(&key, credential.as_bytes());
        hex(tag.as_ref().get(..16).unwrap_or_default())
    }
}
