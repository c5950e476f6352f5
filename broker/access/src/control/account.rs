//! What tells accounts apart, and the client ids that are kept for them.
//!
//! An account of the file is told by its name, which is used once there. The subject of a token and
//! the name of an account kept elsewhere are chosen by others, so theirs are marked: a token whose
//! subject is a device's name is another account than the device. The mark begins with a control
//! character, which no name has.

use std::sync::Arc;

use broker_engine::{Identity, Reservation};
use uns_model::OrgId;

use super::Shared;
use crate::grant::{Grant, Who};
use crate::policy::Policy;

pub(super) const TOKEN: &str = "\u{1}token\u{1}";
pub(super) const ELSEWHERE: &str = "\u{1}elsewhere\u{1}";

/// The account of a grant.
pub(super) fn account(policy: &Policy, grant: &Grant) -> Option<Arc<str>> {
    let name = grant.name();
    match grant.who() {
        Who::User(_) | Who::Device(_) | Who::Subject(_) | Who::CommonName(_) => {
            Some(Arc::clone(name))
        }
        Who::Token { .. } => {
            let issuer = policy.jwt.as_ref().map_or("", |jwt| jwt.tokens.issuer.as_str());
            Some(format!("{TOKEN}{issuer}\u{1}{name}").into())
        }
        Who::Anonymous => None,
        Who::Elsewhere => Some(format!("{ELSEWHERE}{name}").into()),
    }
}

/// What publishes over HTTP goes by: the log has it where it has the client id of an MQTT client, so
/// nobody else may have it there. A name follows, or none.
const HTTP: &str = "http";

/// Who publishes over HTTP under this client id; the empty name where nobody logged in.
fn caller_over_http(client_id: &str) -> Option<&str> {
    let rest = client_id.strip_prefix(HTTP)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix(':') }
}

impl Shared {
    /// Accounts of the file are those of the default organisation. A client id that is the name of an account of the file is kept for that account: otherwise
    /// whoever comes first could keep a device out, or publish under its name.
    pub(super) fn reservation(&self, client_id: &str, identity: &Identity) -> Reservation {
        if let Some(caller) = caller_over_http(client_id) {
            let own = match caller {
                "" => identity.account.is_none(),
                name => identity.account.is_some() && *identity.name == *name,
            };
            return if own { Reservation::Nobodys } else { Reservation::Anothers };
        }
        if identity.org != OrgId::DEFAULT || !self.policy.load().has_name(client_id) {
            return Reservation::Nobodys;
        }
        match identity.account.as_deref() {
            Some(account) if account == client_id => Reservation::Own,
            _ => Reservation::Anothers,
        }
    }

    /// Whether an account that the log names still exists. While nobody has an account, nothing is
    /// known of any: a file that was lost must not end every session.
    pub(super) fn has_account(&self, account: &str) -> bool {
        let policy = self.policy.load();
        if !self.has_accounts(&policy) {
            return true;
        }
        if account.starts_with(ELSEWHERE) {
            return !self.sources.is_empty();
        }
        let Some(token) = account.strip_prefix(TOKEN) else { return policy.has_name(account) };
        let issued =
            |issuer: &str| token.strip_prefix(issuer).is_some_and(|rest| rest.starts_with('\u{1}'));
        policy.jwt.as_ref().is_some_and(|jwt| issued(&jwt.tokens.issuer))
    }
}
