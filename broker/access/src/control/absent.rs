//! The rights of somebody who is not connected: a will they left is judged by them when it is due, which
//! may be after the hub was started anew.
//!
//! A user or a device is found by its account. Two certificates may stand for one name, and what a token
//! brings is in no file: what the log notes beside the account says which it was. It holds no secret.

use std::sync::Arc;

use broker_engine::{Absent, Access};
use ring::hmac;
use uns_model::{Filter, OrgId};

use super::Shared;
use super::account::{ELSEWHERE, TOKEN};
use crate::grant::{Grant, Who};
use crate::noted::Noted;
use crate::policy::{JwtPolicy, Policy};
use crate::rules::{Rule, Scope};
use crate::secret::hex;
use crate::token::{Claims, Credential};

impl Shared {
    /// Tells what one token is good under from what another is, and nothing else about it.
    pub(crate) fn mark(&self, credential: &str) -> String {
        let secret = self.key_for("the keys that wills were left under");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let tag = hmac::sign(&key, credential.as_bytes());
        hex(tag.as_ref().get(..16).unwrap_or_default())
    }

    /// What somebody who is not connected may do now; nothing if they may not connect.
    pub(super) fn rights_of(self: &Arc<Self>, absent: &Absent<'_>) -> Option<Arc<dyn Access>> {
        let policy = self.policy.load_full();
        if let Some(name) = absent.account.and_then(|account| account.strip_prefix(ELSEWHERE)) {
            let mut known = self.sources.iter().filter_map(|source| source.rights_of(name));
            return known
                .next()
                .filter(|identity| identity.org == absent.org)
                .map(|one| one.access);
        }
        if absent.org != OrgId::DEFAULT {
            return None;
        }
        let (who, name) = match absent.account.filter(|_| self.has_accounts(&policy)) {
            // Where nobody has an account, everybody comes in without one.
            None => self.is_anonymous_served().then_some((Who::Anonymous, ""))?,
            Some(account) => self.who_was(&policy, account, absent.noted)?,
        };
        let grant: Arc<Grant> = self.grant(who, name, absent.client_id);
        Some(grant)
    }

    /// How somebody with an account would come in now.
    fn who_was<'a>(
        &self,
        policy: &Policy,
        account: &'a str,
        noted: Option<&str>,
    ) -> Option<(Who, &'a str)> {
        if let Some(token) = account.strip_prefix(TOKEN) {
            let (issuer, name) = token.rsplit_once('\u{1}')?;
            let jwt = policy.jwt.as_ref().filter(|jwt| jwt.tokens.issuer == issuer)?;
            return Some((self.bearer(jwt, name, noted?)?, name));
        }
        let is_its = |known: Option<&Arc<str>>| known.is_some_and(|name| **name == *account);
        let who = match noted.map(Noted::parse) {
            Some(Some(Noted::Subject(subject))) => {
                let known = policy.subjects.get(&subject).map(|known| &known.name);
                is_its(known).then_some(Who::Subject(subject))
            }
            Some(Some(Noted::CommonName(common_name))) => {
                let known = policy.common_names.get(&common_name).map(|known| &known.name);
                is_its(known).then_some(Who::CommonName(common_name))
            }
            Some(Some(Noted::Token { .. }) | None) => None,
            None => by_name(policy, account),
        };
        who.map(|who| (who, account))
    }

    /// A token whose key is still trusted, whatever keys came or went beside it. It may have expired by now: that ends its log-ins, and
    /// is no reason to keep silent that its client is gone.
    fn bearer(&self, jwt: &JwtPolicy, name: &str, noted: &str) -> Option<Who> {
        let Noted::Token { keys, roles, allow } = Noted::parse(noted)? else { return None };
        let credential = self.credential_of(jwt, &keys)?;
        let rules = allow.iter().map(|text| {
            let filter = Filter::parse(text).ok()?;
            Some(Rule { scope: Scope::Both, allow: true, filter })
        });
        let rules = rules.collect::<Option<Vec<_>>>()?;
        let expires = i64::MAX;
        let name = name.to_owned();
        let claims = Arc::new(Claims { credential, name, expires, rules, roles });
        Some(Who::Token { expires, claims })
    }

    /// What is trusted now and has this mark. That of a release before tells no key from another: it is
    /// good while all keys are as they were, and each of them stands for it then.
    fn credential_of(&self, jwt: &JwtPolicy, mark: &str) -> Option<Credential> {
        let is_its = |credential: &Credential| self.mark(&credential.to_string()) == mark;
        let known = jwt.tokens.credentials().find(is_its);
        let all = || jwt.tokens.credentials().next().filter(|_| self.mark(&jwt.all_keys) == mark);
        known.or_else(all)
    }
}

/// A user or a device; or a certificate, where a release before noted nothing beside its account.
fn by_name(policy: &Policy, name: &str) -> Option<Who> {
    if let Some(user) = policy.users.get(name) {
        return Some(Who::User(user.credential.clone()));
    }
    if let Some(device) = policy.devices.get(name) {
        return Some(Who::Device(device.secret.clone()));
    }
    let subject = policy.subjects.iter().find(|(_, known)| *known.name == *name);
    let common_name = || policy.common_names.iter().find(|(_, known)| *known.name == *name);
    let subject = subject.map(|(subject, _)| Who::Subject(subject.clone()));
    subject.or_else(|| common_name().map(|(common_name, _)| Who::CommonName(common_name.clone())))
}
