//! The identifiers of accounts, and the client ids that are reserved for them.
//!
//! An account of the file is identified by its name, which is unique there. The subject of a token and
//! the name of an external account are chosen by others, so their identifiers have a prefix: a token
//! whose subject is the name of a device is not the account of that device. The prefix begins with a
//! control character, which no name contains.

use std::sync::Arc;

use broker_engine::{Identity, Reservation};
use uns_model::OrgId;

use super::Shared;
use crate::grant::Grant;
use crate::policy::Policy;
use crate::principal::Principal;

pub(super) const TOKEN: &str = "\u{1}token\u{1}";
pub(super) const EXTERNAL: &str = "\u{1}elsewhere\u{1}";

/// The account identifier of a grant; `None` for anonymous clients.
pub(super) fn account(policy: &Policy, grant: &Grant) -> Option<Arc<str>> {
    let name = grant.name();
    match grant.principal() {
        Principal::User(_)
        | Principal::Device(_)
        | Principal::Subject(_)
        | Principal::CommonName(_) => Some(Arc::clone(name)),
        Principal::Token { .. } => {
            let issuer = policy.jwt.as_ref().map_or("", |jwt| jwt.tokens.issuer.as_str());
            Some(format!("{TOKEN}{issuer}\u{1}{name}").into())
        }
        Principal::Anonymous => None,
        Principal::External => Some(format!("{EXTERNAL}{name}").into()),
    }
}

/// The client id under which the log has publishes over HTTP. A colon and the name of the account
/// follow, unless it is anonymous. No MQTT client of another account may use it.
const HTTP: &str = "http";

/// The account that publishes over HTTP under this client id; an empty name without a log-in.
fn caller_over_http(client_id: &str) -> Option<&str> {
    let rest = client_id.strip_prefix(HTTP)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix(':') }
}

impl Shared {
    /// Whether a client id is reserved. The name of an account of the file is reserved for that
    /// account in the default organisation, which all accounts of the file belong to. Otherwise another
    /// client could keep a device out, or publish under its name.
    pub(super) fn reservation(&self, client_id: &str, identity: &Identity) -> Reservation {
        if let Some(caller) = caller_over_http(client_id) {
            let own = match caller {
                "" => identity.account.is_none(),
                name => identity.account.is_some() && *identity.name == *name,
            };
            return if own { Reservation::Nobodys } else { Reservation::Anothers };
        }
        if identity.org != OrgId::DEFAULT || !self.context.policy.load().has_name(client_id) {
            return Reservation::Nobodys;
        }
        match identity.account.as_deref() {
            Some(account) if account == client_id => Reservation::Own,
            _ => Reservation::Anothers,
        }
    }

    /// Whether an account in the log still exists. While there are no accounts at all, every one is
    /// taken to exist, since a file that was lost must not end every session.
    pub(super) fn has_account(&self, account: &str) -> bool {
        let policy = self.context.policy.load();
        if !self.has_accounts(&policy) {
            return true;
        }
        if account.starts_with(EXTERNAL) {
            return !self.sources.is_empty();
        }
        let Some(token) = account.strip_prefix(TOKEN) else { return policy.has_name(account) };
        let issued =
            |issuer: &str| token.strip_prefix(issuer).is_some_and(|rest| rest.starts_with('\u{1}'));
        policy.jwt.as_ref().is_some_and(|jwt| issued(&jwt.tokens.issuer))
    }
}
