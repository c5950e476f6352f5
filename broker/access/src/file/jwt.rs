//! `[jwt]`: which tokens are valid, and what their bearers may do.

use std::path::{Path, PathBuf};

use toml::Spanned;

use super::Reader;
use super::entries::JwtEntry;
use crate::Error;
use crate::policy::JwtPolicy;
use crate::secret::SecretHash;
use crate::token::{Algorithm, Key, Tokens};

impl Reader<'_> {
    pub(super) fn jwt(&self, jwt: &Spanned<JwtEntry>) -> Result<JwtPolicy, Error> {
        let entry = jwt.get_ref();
        if entry.key.is_empty() || entry.key.len() > 16 {
            let what = "[jwt]: it needs 1 to 16 [[jwt.key]] with `algorithm` and `file`";
            return Err(self.source.wrong(jwt, what.to_owned()));
        }
        let mut keys = Vec::new();
        let mut all_keys = format!("{}\n{}\n", entry.issuer, entry.audience);
        for key in &entry.key {
            let name = key.algorithm.get_ref();
            let algorithm = Algorithm::of(name).ok_or_else(|| {
                let what = format!("[[jwt.key]]: `{name}` is none of EdDSA, ES256, RS256, HS256");
                self.source.wrong(&key.algorithm, what)
            })?;
            // A relative path is relative to the access file.
            let path = self.source.path.parent().unwrap_or(Path::new("")).join(key.file.get_ref());
            let read = Key::read(key.kid.clone(), algorithm, &path).map_err(|why| {
                let what = format!("[[jwt.key]]: `file` = {}: {why}", path.display());
                self.source.wrong(&key.file, what)
            })?;
            all_keys += &format!("{name} {:?} {}\n", key.kid, fingerprint(&path));
            keys.push(read);
        }
        let or = |text: &Option<String>, default: &str| text.clone().unwrap_or(default.into());
        let tokens = Tokens {
            keys,
            issuer: entry.issuer.clone(),
            audience: entry.audience.clone(),
            leeway_seconds: i64::from(entry.leeway_seconds.unwrap_or(30).min(300)),
            name_claim: or(&entry.name_claim, "sub"),
            allow_claim: or(&entry.allow_claim, "allow"),
            roles_claim: entry.roles_claim.clone(),
        };
        let everybody = self.book(&entry.lists(), "[jwt]")?;
        let roles = self.roles.iter().map(|(name, rules)| (name.as_str().into(), rules.clone()));
        Ok(JwtPolicy { tokens, all_keys, everybody, roles: roles.collect() })
    }
}

/// The hash of a key's file, as [`JwtPolicy::all_keys`] has it.
fn fingerprint(path: &PathBuf) -> String {
    std::fs::read(path)
        .map(|bytes| format!("{:?}", SecretHash::of(&bytes).digest()))
        .unwrap_or_default()
}
