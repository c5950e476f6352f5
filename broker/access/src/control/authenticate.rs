//! The log-ins of MQTT: what the broker asks of access control.

use std::sync::Arc;

use broker_codec::ReasonCode;
use broker_engine::{
    Absent, Access, Authenticate, Exchange, Identity, Login, OwnedLogin, Reservation, Tried,
    Verdict,
};
use uns_model::OrgId;

use super::account::account;
use super::decide::HashQueue;
use super::first_check::FirstCheck;
use super::{AccessControl, Shared};
use crate::grant::Grant;
use crate::hash_times::UnknownName;
use crate::principal::Principal;
use crate::scram::{self, Accounts, Scram, ScramKeys};

impl Shared {
    /// The identity of a grant, in the form of the broker.
    fn identity(&self, grant: Arc<Grant>) -> Identity {
        let account = account(&self.context.policy.load(), &grant);
        if let Some(identity) = grant.external_identity() {
            return Identity { account, ..identity.clone() };
        }
        let named = !grant.name().is_empty();
        let name = if named { Arc::clone(grant.name()) } else { Identity::ANONYMOUS.into() };
        Identity { org: OrgId::DEFAULT, name, account, access: grant }
    }
}

impl Authenticate for AccessControl {
    fn authenticate(&self, login: &Login<'_>) -> Verdict {
        match self.0.first_check(login) {
            FirstCheck::Decided(known) => {
                Verdict::Known(self.0.counted(known).map(|grant| self.0.identity(grant)))
            }
            FirstCheck::UnknownName => {
                let (now, random) = (self.0.context.clock.monotonic(), &*self.0.random);
                match self.0.mqtt_hashes.unknown_name(now, random) {
                    UnknownName::Verify => Verdict::Ask,
                    UnknownName::RefuseAfter(wait) => {
                        let reason = ReasonCode::BadUserNameOrPassword;
                        drop(self.0.counted(Err(reason)));
                        Verdict::Refused(reason, wait)
                    }
                }
            }
            FirstCheck::MustVerify => Verdict::Ask,
        }
    }

    fn verify(&self, login: &OwnedLogin) -> Result<Identity, ReasonCode> {
        let (login, waited) = (login.as_login(), login.waited);
        // Another connection of the same name may have been verified while this one waited.
        let known = match self.0.first_check(&login) {
            FirstCheck::Decided(known) => known,
            FirstCheck::UnknownName | FirstCheck::MustVerify => {
                let queue = HashQueue { times: &self.0.mqtt_hashes, waited };
                self.0.verify(&login, queue)
            }
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
        let knows = self.0.context.policy.load().users.values().any(|user| user.scram.is_some());
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
        let policy = self.shared.context.policy.load();
        let known = policy.users.get(name).and_then(|user| user.scram.clone());
        known.unwrap_or_else(|| ScramKeys::decoy(self.shared.context.secret.bytes(), name))
    }

    fn identity(&self, name: &str) -> Result<Identity, ReasonCode> {
        let policy = self.shared.context.policy.load();
        let user = policy.users.get(name).ok_or(ReasonCode::NotAuthorized)?;
        let principal = Principal::User(user.credential.clone());
        let grant = self.shared.grant(principal, name, &self.client_id);
        self.shared.counted(Ok(grant)).map(|grant| self.shared.identity(grant))
    }

    fn failed(&self, _: &str) {
        // The exchange answers the client; here the failure is only counted.
        drop(self.shared.counted(Err(ReasonCode::NotAuthorized)));
    }
}
