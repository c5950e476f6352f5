//! The rights of clients that are not connected. A will is checked against the rights of its client when
//! it is due, which may be after a restart of the hub.
//!
//! A user or a device is found by its account. Two certificates may belong to one name, and the rights in
//! a token are in no file. For those the log notes beside the account which credential it was. The note
//! contains no secret.

use std::sync::Arc;

use broker_engine::{Absent, Access};
use uns_model::{Filter, OrgId};

use super::Shared;
use super::account::{EXTERNAL, TOKEN};
use crate::grant::Grant;
use crate::noted_credential::NotedCredential;
use crate::policy::{JwtPolicy, Policy};
use crate::principal::Principal;
use crate::rules::{Rule, Scope};
use crate::token::{Claims, Credential};

impl Shared {
    /// The rights that an absent client has now; `None` if it may not connect any more.
    pub(super) fn rights_of(&self, absent: &Absent<'_>) -> Option<Arc<dyn Access>> {
        let policy = self.context.policy.load_full();
        if let Some(name) = absent.account.and_then(|account| account.strip_prefix(EXTERNAL)) {
            let mut known = self.sources.iter().filter_map(|source| source.rights_of(name));
            return known
                .next()
                .filter(|identity| identity.org == absent.org)
                .map(|one| one.access);
        }
        if absent.org != OrgId::DEFAULT {
            return None;
        }
        let (principal, name) = match absent.account.filter(|_| self.has_accounts(&policy)) {
            // Where there are no accounts, everybody connects without one.
            None => self.context.is_anonymous_served().then_some((Principal::Anonymous, ""))?,
            Some(account) => self.principal_of(&policy, account, absent.noted)?,
        };
        let grant: Arc<Grant> = self.grant(principal, name, absent.client_id);
        Some(grant)
    }

    /// The principal with which an account would log in now.
    fn principal_of<'a>(
        &self,
        policy: &Policy,
        account: &'a str,
        noted: Option<&str>,
    ) -> Option<(Principal, &'a str)> {
        if let Some(token) = account.strip_prefix(TOKEN) {
            let (issuer, name) = token.rsplit_once('\u{1}')?;
            let jwt = policy.jwt.as_ref().filter(|jwt| jwt.tokens.issuer == issuer)?;
            return Some((self.bearer(jwt, name, noted?)?, name));
        }
        let is_its = |known: Option<&Arc<str>>| known.is_some_and(|name| **name == *account);
        let principal = match noted.map(NotedCredential::parse) {
            Some(Some(NotedCredential::Subject(subject))) => {
                let known = policy.subjects.get(&subject).map(|known| &known.name);
                is_its(known).then_some(Principal::Subject(subject))
            }
            Some(Some(NotedCredential::CommonName(common_name))) => {
                let known = policy.common_names.get(&common_name).map(|known| &known.name);
                is_its(known).then_some(Principal::CommonName(common_name))
            }
            Some(Some(NotedCredential::Token { .. }) | None) => None,
            None => by_name(policy, account),
        };
        principal.map(|principal| (principal, account))
    }

    /// The bearer of a token whose key is still trusted; other keys do not matter. The token may have
    /// expired: that ends its log-ins, but the will of its client is published all the same.
    fn bearer(&self, jwt: &JwtPolicy, name: &str, noted: &str) -> Option<Principal> {
        let NotedCredential::Token { keys, roles, allow } = NotedCredential::parse(noted)? else {
            return None;
        };
        let credential = self.credential_of(jwt, &keys)?;
        let rules = allow.iter().map(|text| {
            let filter = Filter::parse(text).ok()?;
            Some(Rule { scope: Scope::Both, allow: true, filter })
        });
        let rules = rules.collect::<Option<Vec<_>>>()?;
        let expires = i64::MAX;
        let name = name.to_owned();
        let claims = Arc::new(Claims { credential, name, expires, rules, roles });
        Some(Principal::Token { expires, claims })
    }

    /// The trusted credential with this mark. An earlier release noted one mark of all keys together:
    /// such a mark is valid while all keys are the same, and then any of them will do.
    fn credential_of(&self, jwt: &JwtPolicy, mark: &str) -> Option<Credential> {
        let is_its =
            |credential: &Credential| self.context.secret.mark(&credential.to_string()) == mark;
        let known = jwt.tokens.credentials().find(is_its);
        let all = || {
            jwt.tokens
                .credentials()
                .next()
                .filter(|_| self.context.secret.mark(&jwt.all_keys) == mark)
        };
        known.or_else(all)
    }
}

/// The user, device or certificate of this name. Earlier releases noted nothing about certificates.
fn by_name(policy: &Policy, name: &str) -> Option<Principal> {
    if let Some(user) = policy.users.get(name) {
        return Some(Principal::User(user.credential.clone()));
    }
    if let Some(device) = policy.devices.get(name) {
        return Some(Principal::Device(device.secret.clone()));
    }
    let subject = policy.subjects.iter().find(|(_, known)| *known.name == *name);
    let common_name = || policy.common_names.iter().find(|(_, known)| *known.name == *name);
    let subject = subject.map(|(subject, _)| Principal::Subject(subject.clone()));
    subject.or_else(|| {
        common_name().map(|(common_name, _)| Principal::CommonName(common_name.clone()))
    })
}
