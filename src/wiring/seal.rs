//! Page tokens that show nothing: where a listing goes on may be a topic the reader may not know of,
//! so it is sealed, and its length is hidden as well.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use uns_model::Random;

/// Tokens are as long as the next multiple of this.
const PADDED_TO: usize = 128;

/// Seals tokens, and opens its own. Clones share the key.
#[derive(Clone)]
pub(crate) struct Seal {
    key: Arc<LessSafeKey>,
    random: Arc<dyn Random>,
}

impl Seal {
    /// With a key of this data directory, so that tokens are good after a restart.
    pub(crate) fn new(key: &[u8; 32], random: Arc<dyn Random>) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("the algorithm takes 32 bytes");
        Self { key: Arc::new(LessSafeKey::new(key)), random }
    }

    /// A token for one kind of listing, good for no other.
    pub(crate) fn seal(&self, about: &str, text: &str) -> String {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce);
        let mut sealed = text.as_bytes().to_vec();
        // Every token has at least one byte of padding, which says where the text ends.
        sealed.push(1);
        sealed.resize(sealed.len().next_multiple_of(PADDED_TO), 0);
        let aad = Aad::from(about.as_bytes());
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .expect("a token is far shorter than what the algorithm takes");
        URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())
    }

    /// What a token says; nothing if it is none of this listing's.
    pub(crate) fn open(&self, about: &str, token: &str) -> Option<String> {
        let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.key.open_in_place(nonce, Aad::from(about.as_bytes()), sealed).ok()?;
        let end = opened.iter().rposition(|byte| *byte != 0)?;
        String::from_utf8(opened.get(..end)?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use uns_model::SeededRandom;

    use super::*;

    #[test]
    fn a_token_opens_for_its_listing_alone_and_shows_not_even_a_length() {
        let seal = Seal::new(&[7; 32], Arc::new(SeededRandom::new(1)));
        for text in ["", "17:uns/v1/acme", "17:\u{1}\0", &"x".repeat(1000)] {
            let token = seal.seal("tree", text);
            assert_eq!(seal.open("tree", &token).as_deref(), Some(text));
            assert_eq!(seal.open("current", &token), None);
            assert!(!token.contains("acme"), "{token}");
        }
        let lengths = ["a", "17:uns/v1/acme/secret/recipe"].map(|text| seal.seal("t", text).len());
        assert_eq!(lengths[0], lengths[1]);
        assert_ne!(seal.seal("t", "a"), seal.seal("t", "a"));
        let other = Seal::new(&[8; 32], Arc::new(SeededRandom::new(1)));
        for wrong in ["", "x", "17:uns/v1/acme", &other.seal("tree", "a")] {
            assert_eq!(seal.open("tree", wrong), None, "{wrong}");
        }
    }
}
