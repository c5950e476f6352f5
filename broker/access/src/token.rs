//! JSON Web Tokens as passwords (RFC 7519), verified with ring.
//!
//! Each key of the file names the one algorithm it is for, so a token cannot choose how it is verified:
//! `none` is not an algorithm here, and a public key is never used as a shared secret.

mod claims;
mod key;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::account_name::is_account_name;
use crate::rules::{Rule, Scope};
pub(crate) use claims::unique_object;
use key::Fingerprint;
pub(crate) use key::{Algorithm, Key};

/// Longer tokens are refused without being parsed.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// The most rules in one token.
const RULES_MAX: usize = 256;

/// Which tokens are valid, and how their claims are read.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) keys: Vec<Key>,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) leeway_seconds: i64,
    pub(crate) name_claim: String,
    pub(crate) allow_claim: String,
    pub(crate) roles_claim: Option<String>,
}

/// What a token is valid under: the key that signed it, its issuer and its audience. Changes of other
/// keys do not matter to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Credential {
    issuer: String,
    audience: String,
    key: Fingerprint,
}

impl std::fmt::Display for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}\n{}", self.issuer, self.audience, self.key)
    }
}

/// The claims of a valid token.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Claims {
    pub(crate) credential: Credential,
    pub(crate) name: String,
    /// When it expires, in seconds since 1970, with the leeway added.
    pub(crate) expires: i64,
    pub(crate) rules: Vec<Rule>,
    pub(crate) roles: Vec<String>,
}

/// Why a token is not valid. This is for logs and tests, and never for the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// It does not consist of three parts in base64url with JSON objects in them.
    Form,
    /// Its header asks for something that this hub does not support.
    Header,
    /// No key has its algorithm and key id.
    Key,
    /// The signature is wrong.
    Signature,
    /// It has expired, is not valid yet, or does not say when it expires.
    Time,
    /// It has another issuer or another audience.
    Party,
    /// Its name or its rules are not valid.
    Content,
}

/// Whether a password looks like a token.
pub(crate) fn is_token(password: &[u8]) -> bool {
    password.starts_with(b"eyJ") && password.iter().filter(|byte| **byte == b'.').count() == 2
}

impl Tokens {
    /// Verifies a token; `now` is in seconds since 1970.
    pub(crate) fn verify(&self, token: &[u8], now: i64) -> Result<Claims, Fault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Fault::Form);
        }
        let text = std::str::from_utf8(token).map_err(|_| Fault::Form)?;
        let (signed, signature) = text.rsplit_once('.').ok_or(Fault::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(Fault::Form)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Fault::Form);
        let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
        let header = unique_object(&header).ok_or(Fault::Form)?;
        let key = self.signed_by(&header, signed.as_bytes(), &signature)?;
        let claims = unique_object(&payload).ok_or(Fault::Form)?;
        self.check(key, &claims, now)
    }

    /// What tokens signed with each of the keys are valid under now.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = Credential> {
        self.keys.iter().map(|key| self.credential(key))
    }

    /// Whether tokens that were valid under this credential still are.
    pub(crate) fn trusts(&self, credential: &Credential) -> bool {
        let Credential { issuer, audience, key } = credential;
        *issuer == self.issuer
            && *audience == self.audience
            && self.keys.iter().any(|known| known.fingerprint == *key)
    }

    fn credential(&self, key: &Key) -> Credential {
        let (issuer, audience) = (self.issuer.clone(), self.audience.clone());
        Credential { issuer, audience, key: key.fingerprint.clone() }
    }

    /// The name in a token that is not verified, by which its failures are counted.
    pub(crate) fn subject(&self, token: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(token).ok().filter(|text| text.len() <= TOKEN_BYTES_MAX)?;
        let payload = URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?;
        let claims = unique_object(&payload)?;
        let name = claims.get(&self.name_claim).and_then(Value::as_str)?;
        is_account_name(name).then(|| name.to_owned())
    }

    /// Checks the claims of a token that this key has signed.
    pub(crate) fn check(
        &self,
        key: &Key,
        claims: &Map<String, Value>,
        now: i64,
    ) -> Result<Claims, Fault> {
        let expires = self.check_times(claims, now)?;
        self.check_parties(claims)?;
        self.read(key, claims, expires)
    }

    /// The key that signed a token.
    fn signed_by(
        &self,
        header: &Map<String, Value>,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<&Key, Fault> {
        let text = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(Fault::Header),
        };
        // No critical extension and no compression is supported.
        if header.contains_key("crit") || header.contains_key("zip") || header.contains_key("b64") {
            return Err(Fault::Header);
        }
        let kind = text("typ")?;
        let known = |kind: &str| ["jwt", "at+jwt"].iter().any(|k| kind.eq_ignore_ascii_case(k));
        if kind.is_some_and(|kind| !known(kind)) {
            return Err(Fault::Header);
        }
        let algorithm = Algorithm::of(text("alg")?.ok_or(Fault::Header)?).ok_or(Fault::Key)?;
        let id = text("kid")?;
        let fits = |key: &&Key| {
            key.algorithm() == algorithm
                && (key.id.is_none() || id.is_none() || key.id.as_deref() == id)
        };
        let mut keys = self.keys.iter().filter(fits).peekable();
        if keys.peek().is_none() {
            return Err(Fault::Key);
        }
        keys.find(|key| key.verify(signed, signature)).ok_or(Fault::Signature)
    }

    fn check_times(&self, claims: &Map<String, Value>, now: i64) -> Result<i64, Fault> {
        let time = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(value) => seconds(value).map(Some).ok_or(Fault::Time),
        };
        let expires = time("exp")?.ok_or(Fault::Time)?.saturating_add(self.leeway_seconds);
        let begins = time("nbf")?.unwrap_or(i64::MIN).saturating_sub(self.leeway_seconds);
        time("iat")?;
        if now >= expires || now < begins { Err(Fault::Time) } else { Ok(expires) }
    }

    fn check_parties(&self, claims: &Map<String, Value>) -> Result<(), Fault> {
        let issuer = claims.get("iss").and_then(Value::as_str);
        let is_ours = |value: &Value| value.as_str() == Some(self.audience.as_str());
        let audience = match claims.get("aud") {
            Some(Value::Array(several)) => several.iter().any(is_ours),
            Some(one) => is_ours(one),
            None => false,
        };
        if issuer == Some(self.issuer.as_str()) && audience { Ok(()) } else { Err(Fault::Party) }
    }

    fn read(&self, key: &Key, claims: &Map<String, Value>, expires: i64) -> Result<Claims, Fault> {
        let name = claims.get(&self.name_claim).and_then(Value::as_str);
        let name = name.filter(|name| is_account_name(name)).ok_or(Fault::Content)?;
        let filters = strings(claims.get(&self.allow_claim))?;
        let rules = filters.into_iter().map(|text| {
            let filter = uns_model::Filter::parse(text).map_err(|_| Fault::Content)?;
            let fits = text.split('/').count() <= crate::rules::LEVELS_MAX;
            let rule = Rule { scope: Scope::Both, allow: true, filter };
            // Placeholders are for the rules of this hub. In a token they would be part of a name.
            if fits && !rule.has_placeholder() { Ok(rule) } else { Err(Fault::Content) }
        });
        let rules: Vec<Rule> = rules.collect::<Result<_, _>>()?;
        let roles = self.roles_claim.as_ref().and_then(|claim| claims.get(claim));
        let roles = strings(roles)?.into_iter().map(ToOwned::to_owned).collect();
        if rules.len() > RULES_MAX {
            return Err(Fault::Content);
        }
        let credential = self.credential(key);
        Ok(Claims { credential, name: name.to_owned(), expires, rules, roles })
    }
}

/// A NumericDate, which is a number and not a string with one in it.
fn seconds(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` saturates, which is as good as the exact time"
    )]
    number.as_i64().or_else(|| number.as_f64().filter(|f| f.is_finite()).map(|f| f as i64))
}

/// A string or an array of them.
fn strings(value: Option<&Value>) -> Result<Vec<&str>, Fault> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(several)) => {
            several.iter().map(|one| one.as_str().ok_or(Fault::Content)).collect()
        }
        Some(_) => Err(Fault::Content),
    }
}

#[cfg(test)]
mod tests;
