//! Access control as the broker asks it.

use std::sync::Arc;

use broker_codec::ReasonCode;
use broker_engine::{Authenticate, Exchange, Identity, Login, OwnedLogin, Verdict};
use uns_model::OrgId;

use super::{AccessControl, Shared};
use crate::grant::{Grant, Who};
use crate::scram::{self, Accounts, Scram, ScramKeys};

/// The broker's own word for somebody.
fn identity(grant: Arc<Grant>) -> Identity {
    if let Some(identity) = grant.identity() {
        return identity.clone();
    }
    let name = if grant.name().is_empty() { "anonymous".into() } else { Arc::clone(grant.name()) };
    Identity { org: OrgId::DEFAULT, name, access: grant }
}

impl Authenticate for AccessControl {
    fn authenticate(&self, login: &Login<'_>) -> Verdict {
        match self.0.quick(login) {
            Some(known) => Verdict::Known(self.0.counted(known).map(identity)),
            None => Verdict::Ask,
        }
    }

    fn verify(&self, login: &OwnedLogin) -> Result<Identity, ReasonCode> {
        let login = login.as_login();
        // Another connection of the same name may have been verified while this one waited.
        let known = self.0.quick(&login).unwrap_or_else(|| self.0.slow(&login));
        self.0.counted(known).map(identity)
    }

    fn exchange(&self, method: &str, login: &Login<'_>) -> Option<Box<dyn Exchange>> {
        let knows = self.0.policy.load().users.values().any(|user| user.scram.is_some());
        if method != scram::METHOD || !knows {
            return None;
        }
        let (shared, client_id) = (Arc::clone(&self.0), login.client_id.into());
        let accounts = ScramAccounts { shared, client_id };
        Some(Box::new(Scram::new(Arc::new(accounts), &*self.0.random)))
    }
}

/// The users of the file, for one exchange.
struct ScramAccounts {
    shared: Arc<Shared>,
    client_id: Box<str>,
}

impl Accounts for ScramAccounts {
    fn keys(&self, name: &str) -> ScramKeys {
        let policy = self.shared.policy.load();
        let known = policy.users.get(name).and_then(|user| user.scram.clone());
        known.unwrap_or_else(|| ScramKeys::decoy(&self.shared.scram_secret, name))
    }

    fn identity(&self, name: &str) -> Result<Identity, ReasonCode> {
        let policy = self.shared.policy.load();
        let user = policy.users.get(name).ok_or(ReasonCode::NotAuthorized)?;
        let who = Who::User(user.credential.clone());
        let grant = self.shared.grant(who, name, &self.client_id);
        self.shared.counted(Ok(grant)).map(identity)
    }

    fn failed(&self, _: &str) {
        // The client is told by the exchange; here it is counted only.
        drop(self.shared.counted(Err(ReasonCode::NotAuthorized)));
    }
}
