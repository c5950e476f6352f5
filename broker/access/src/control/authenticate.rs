//! Access control as the broker asks it.

use std::sync::Arc;

use broker_codec::ReasonCode;
use broker_engine::{
    Absent, Access, Authenticate, Exchange, Identity, Login, OwnedLogin, Reservation, Tried,
    Verdict,
};
use uns_model::OrgId;

use super::account::account;
use super::quick::Quick;
use super::{AccessControl, Shared};
use crate::grant::{Grant, Who};
use crate::hashes::Nobody;
use crate::scram::{self, Accounts, Scram, ScramKeys};

impl Shared {
    /// The broker's own word for somebody.
    fn identity(&self, grant: Arc<Grant>) -> Identity {
        let account = account(&self.policy.load(), &grant);
        if let Some(identity) = grant.identity() {
            return Identity { account, ..identity.clone() };
        }
        let named = !grant.name().is_empty();
        let name = if named { Arc::clone(grant.name()) } else { Identity::ANONYMOUS.into() };
        Identity { org: OrgId::DEFAULT, name, account, access: grant }
    }
}

impl Authenticate for AccessControl {
    fn authenticate(&self, login: &Login<'_>) -> Verdict {
        match self.0.quick(login) {
            Quick::Known(known) => {
                Verdict::Known(self.0.counted(known).map(|grant| self.0.identity(grant)))
            }
            Quick::Nobody => {
                let (now, random) = (self.0.clock.monotonic(), &*self.0.random);
                match self.0.mqtt_hashes.nobody(now, random) {
                    Nobody::Hash => Verdict::Ask,
                    Nobody::Pretend(wait) => {
                        let reason = ReasonCode::BadUserNameOrPassword;
                        drop(self.0.counted(Err(reason)));
                        Verdict::Refused(reason, wait)
                    }
                }
            }
            Quick::Slow => Verdict::Ask,
        }
    }

    fn verify(&self, login: &OwnedLogin) -> Result<Identity, ReasonCode> {
        let (login, waited) = (login.as_login(), login.waited);
        // Another connection of the same name may have been verified while this one waited.
        let known = match self.0.quick(&login) {
            Quick::Known(known) => known,
            Quick::Nobody | Quick::Slow => self.0.slow(&login, (&self.0.mqtt_hashes, waited)),
        };
        self.0.counted(known).map(|grant| self.0.identity(grant))
    }

    fn tried<'l>(&self, login: &Login<'l>) -> Tried<'l> {
        self.0.tried(login)
    }

    fn reservation(&self, client_id: &str, identity: &Identity) -> Reservation {
        self.0.reservation(client_id, identity)
    }

    fn has_account(&self, _: OrgId, account: &str) -> bool {
        self.0.has_account(account)
    }

    fn rights_of(&self, absent: &Absent<'_>) -> Option<Arc<dyn Access>> {
        self.0.rights_of(absent)
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
        self.shared.counted(Ok(grant)).map(|grant| self.shared.identity(grant))
    }

    fn failed(&self, _: &str) {
        // The client is told by the exchange; here it is counted only.
        drop(self.shared.counted(Err(ReasonCode::NotAuthorized)));
    }
}
