//! SCRAM-SHA-256 (RFC 5802, RFC 7677) as enhanced authentication. The password is never sent, and the
//! file holds nothing that one could log in with.
//!
//! There is no channel binding. Names and passwords are used as they are, without `SASLprep`, which
//! does not change ASCII.

use std::num::NonZeroU32;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use broker_codec::ReasonCode;
use broker_engine::{Exchange, Identity, Step};
use ring::digest::{SHA256, digest};
use ring::{hmac, pbkdf2};
use subtle::ConstantTimeEq as _;
use uns_model::Random;
use zeroize::Zeroizing;

use crate::account_name::is_account_name;

/// The method's name in CONNECT.
pub const METHOD: &str = "SCRAM-SHA-256";
/// The iterations of new entries, and of unknown names.
const ITERATIONS: u32 = 15_000;
/// The iterations that an entry of the file may have.
pub(crate) const ITERATIONS_RANGE: std::ops::RangeInclusive<u32> = 4096..=1_000_000;
/// Longer messages are refused without being parsed.
const MESSAGE_BYTES_MAX: usize = 2048;

/// What the file keeps of a password for SCRAM.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramKeys {
    /// A random salt, which is not secret.
    pub salt: Vec<u8>,
    /// How often the password was hashed.
    pub iterations: u32,
    /// What a proof is checked against.
    pub stored_key: [u8; 32],
    /// What the hub proves its own identity with.
    pub server_key: [u8; 32],
}

impl std::fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScramKeys(..)")
    }
}

fn sign(key: &[u8], data: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data);
    let mut out = [0; 32];
    out.copy_from_slice(tag.as_ref());
    out
}

impl ScramKeys {
    /// The keys of a new password.
    pub fn new(password: &str, random: &dyn Random) -> Self {
        let mut salt = vec![0; 16];
        random.fill(&mut salt);
        Self::derive(password, salt, ITERATIONS)
    }

    fn derive(password: &str, salt: Vec<u8>, iterations: u32) -> Self {
        let rounds = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
        let mut salted = Zeroizing::new([0; 32]);
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(algorithm, rounds, &salt, password.as_bytes(), &mut *salted);
        let client_key = Zeroizing::new(sign(&*salted, b"Client Key"));
        let mut stored_key = [0; 32];
        stored_key.copy_from_slice(digest(&SHA256, &*client_key).as_ref());
        Self { salt, iterations, stored_key, server_key: sign(&*salted, b"Server Key") }
    }

    /// The keys of an unknown name. They are always the same for one name, and no proof fits them.
    pub(crate) fn decoy(secret: &[u8; 32], name: &str) -> Self {
        let made = |purpose: &[u8]| sign(secret, &[purpose, name.as_bytes()].concat());
        Self {
            salt: made(b"salt").get(..16).unwrap_or_default().to_vec(),
            iterations: ITERATIONS,
            stored_key: made(b"stored"),
            server_key: made(b"server"),
        }
    }
}

/// Gives an exchange the keys of accounts, and is told its outcome.
pub(crate) trait Accounts: Send + Sync {
    /// The keys of a name, or decoys if it has none.
    fn keys(&self, name: &str) -> ScramKeys;
    /// The proof was right: gives the identity of the name.
    fn identity(&self, name: &str) -> Result<Identity, ReasonCode>;
    /// The proof was wrong.
    fn failed(&self, name: &str);
}

/// The server's side of one exchange.
pub(crate) struct Scram {
    accounts: Arc<dyn Accounts>,
    nonce: String,
    state: State,
    /// The name, once the client has sent it.
    name: Option<Box<str>>,
}

enum State {
    Begin,
    /// The challenge was sent. These are the messages so far, and what the client must repeat.
    Challenged {
        name: String,
        header: String,
        first: String,
        nonce: String,
        keys: ScramKeys,
    },
    Over,
}

impl Scram {
    pub(crate) fn new(accounts: Arc<dyn Accounts>, random: &dyn Random) -> Self {
        let mut nonce = [0; 24];
        random.fill(&mut nonce);
        Self { accounts, nonce: STANDARD.encode(nonce), state: State::Begin, name: None }
    }

    /// Answers `client-first-message` with the challenge.
    fn begin(&mut self, message: &str) -> Option<String> {
        // The header ends after the second comma. `p=` would ask for channel binding, which is not
        // offered.
        let mut parts = message.splitn(3, ',');
        let (binding, authorize, bare) = (parts.next()?, parts.next()?, parts.next()?);
        if !matches!(binding, "n" | "y") {
            return None;
        }
        let mut fields = bare.split(',');
        let name = plain_name(fields.next()?.strip_prefix("n=")?)?;
        let client_nonce = fields.next()?.strip_prefix("r=")?;
        let printable = |b: u8| b.is_ascii_graphic();
        if client_nonce.is_empty() || !client_nonce.bytes().all(printable) {
            return None;
        }
        // Nobody may act as somebody else.
        match authorize.strip_prefix("a=") {
            None if authorize.is_empty() => {}
            Some(other) if plain_name(other)? == name => {}
            None | Some(_) => return None,
        }
        let keys = self.accounts.keys(&name);
        let nonce = format!("{client_nonce}{}", self.nonce);
        let challenge =
            format!("r={nonce},s={},i={}", STANDARD.encode(&keys.salt), keys.iterations);
        let header = STANDARD.encode(format!("{binding},{authorize},"));
        let first = format!("{bare},{challenge}");
        self.name = Some(name.as_str().into());
        self.state = State::Challenged { name, header, first, nonce, keys };
        Some(challenge)
    }

    /// Answers `client-final-message` with the proof of the hub.
    fn finish(&mut self, message: &str) -> Result<(Identity, String), ReasonCode> {
        let refused = ReasonCode::NotAuthorized;
        let State::Challenged { name, header, first, nonce, keys } =
            std::mem::replace(&mut self.state, State::Over)
        else {
            return Err(refused);
        };
        let proof = || {
            let (without_proof, proof) = message.rsplit_once(",p=")?;
            let mut fields = without_proof.split(',');
            let bound = fields.next()?.strip_prefix("c=")? == header;
            let repeated = fields.next()?.strip_prefix("r=")? == nonce;
            let proof: [u8; 32] = STANDARD.decode(proof).ok()?.try_into().ok()?;
            (bound && repeated).then(|| (format!("{first},{without_proof}"), proof))
        };
        let checked = proof().filter(|(signed, proof)| {
            let signature = sign(&keys.stored_key, signed.as_bytes());
            let mut key = Zeroizing::new(*proof);
            key.iter_mut().zip(signature).for_each(|(byte, mask)| *byte ^= mask);
            let stored = digest(&SHA256, &*key);
            stored.as_ref().ct_eq(&keys.stored_key).into()
        });
        let Some((signed, _)) = checked else {
            self.accounts.failed(&name);
            return Err(refused);
        };
        let identity = self.accounts.identity(&name)?;
        let own = STANDARD.encode(sign(&keys.server_key, signed.as_bytes()));
        Ok((identity, format!("v={own}")))
    }
}

impl Exchange for Scram {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn step(&mut self, data: &[u8]) -> Step {
        let text = std::str::from_utf8(data).ok().filter(|text| text.len() <= MESSAGE_BYTES_MAX);
        let Some(text) = text else { return Step::Refused(ReasonCode::NotAuthorized) };
        match &self.state {
            // The client has sent no data with its CONNECT.
            State::Begin if text.is_empty() => Step::Continue(Vec::new()),
            State::Begin => match self.begin(text) {
                Some(challenge) => Step::Continue(challenge.into_bytes()),
                None => Step::Refused(ReasonCode::NotAuthorized),
            },
            State::Challenged { .. } | State::Over => match self.finish(text) {
                Ok((identity, data)) => Step::Done { identity, data: data.into_bytes() },
                Err(reason) => Step::Refused(reason),
            },
        }
    }
}

/// Decodes the two escape sequences of a name.
fn plain_name(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('=') {
        out.push_str(before);
        out.push(match after.get(..2)? {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        rest = after.get(2..)?;
    }
    out.push_str(rest);
    is_account_name(&out).then_some(out)
}

#[cfg(test)]
mod tests;
