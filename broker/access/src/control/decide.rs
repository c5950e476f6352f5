//! Decides log-ins: what can be decided at once, and what takes a slow check.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use broker_codec::ReasonCode;
use broker_engine::{Login, Peer, Proof, Tried};
use uns_model::Clock;

use super::Shared;
use super::first_check::{FirstCheck, Outcome};
use crate::grant::Grant;
use crate::hash_times::HashTimes;
use crate::password::PASSWORD_BYTES_MAX;
use crate::policy::Policy;
use crate::principal::Principal;
use crate::secret::{SecretHash, is_secret};
use crate::token::is_token;
use crate::verified::Account;

/// Longer passwords and tokens are refused without being checked.
const CREDENTIAL_BYTES_MAX: usize = 8 * 1024;

/// Whether a client is on this machine, as far as its connection shows.
fn is_local(peer: &Peer) -> bool {
    !peer.proxied && address_of(peer).is_some_and(|ip| ip.to_canonical().is_loopback())
}

fn address_of(peer: &Peer) -> Option<IpAddr> {
    peer.address.parse::<SocketAddr>().ok().map(|address| address.ip())
}

impl Shared {
    /// Decides what can be decided without a slow check.
    pub(super) fn first_check(&self, login: &Login<'_>) -> FirstCheck {
        let policy = self.context.policy.load();
        let wrong = || FirstCheck::Decided(Err(ReasonCode::BadUserNameOrPassword));
        let Some(password) = login.password.filter(|_| self.has_accounts(&policy)) else {
            // Where there is no account, a password is ignored.
            return FirstCheck::Decided(self.without_password(login));
        };
        if policy.jwt.is_some() && is_token(password) {
            return if password.len() > CREDENTIAL_BYTES_MAX {
                wrong()
            } else {
                FirstCheck::MustVerify
            };
        }
        // This comes before the look-up, or the time it takes would reveal whether the name exists.
        if password.len() > PASSWORD_BYTES_MAX {
            return wrong();
        }
        let Some(name) = login.user_name else { return wrong() };
        // This is hashed in any case, or the time it takes would reveal whether the device exists.
        let shown = SecretHash::of(password);
        if let Some(device) = policy.devices.get(name)
            && device.secret.is(&shown)
        {
            let who = Principal::Device(device.secret.clone());
            return FirstCheck::Decided(Ok(self.grant(who, name, login.client_id)));
        }
        if is_secret(password) && self.sources.is_empty() {
            // It has the form of a generated secret, but is not that of this device. Such a secret
            // cannot be guessed, so nothing needs to be slowed down, and many devices with old secrets
            // cost no hashes.
            return wrong();
        }
        let Some(user) = policy.users.get(name) else {
            // A source may have this account.
            return if self.sources.is_empty() {
                FirstCheck::UnknownName
            } else {
                FirstCheck::MustVerify
            };
        };
        if self.verified.knows(
            self.context.clock.monotonic(),
            Account { name, hash: &user.credential },
            password,
        ) {
            let who = Principal::User(user.credential.clone());
            return FirstCheck::Decided(Ok(self.grant(who, name, login.client_id)));
        }
        FirstCheck::MustVerify
    }

    /// The account that a log-in tries. With a token it is that of the token, whatever name comes
    /// with it.
    pub(super) fn tried<'l>(&self, login: &Login<'l>) -> Tried<'l> {
        let policy = self.context.policy.load();
        let password = login.password.unwrap_or_default();
        if let Some(jwt) = &policy.jwt
            && is_token(password)
        {
            let name = jwt.tokens.subject(password).map(Cow::Owned);
            return Tried { name, proof: Proof::Signature };
        }
        let proof = if is_secret(password) { Proof::Secret } else { Proof::Password };
        Tried { name: login.user_name.map(Cow::Borrowed), proof }
    }

    /// Decides the log-in of a client without a password, by its certificate if it has one.
    fn without_password(&self, login: &Login<'_>) -> Outcome {
        let policy = self.context.policy.load();
        if let Some((who, name)) = by_certificate(&policy, login.peer) {
            return Ok(self.grant(who, &name, login.client_id));
        }
        let nameless = login.user_name.is_none() || !self.has_accounts(&policy);
        let may_be_anonymous = is_local(login.peer) && login.peer.anonymous_allowed;
        if nameless && may_be_anonymous && self.context.is_anonymous_served() {
            return Ok(self.grant(Principal::Anonymous, "", login.client_id));
        }
        Err(if nameless { ReasonCode::NotAuthorized } else { ReasonCode::BadUserNameOrPassword })
    }

    /// Checks what is slow to check: tokens and passwords.
    pub(super) fn verify(&self, login: &Login<'_>, queue: HashQueue<'_>) -> Outcome {
        let password = login.password.unwrap_or_default();
        let policy = self.context.policy.load_full();
        match policy.jwt.is_some() && is_token(password) {
            true => self.by_token(&policy, login, password),
            false => self.by_password(&policy, login, password, queue),
        }
    }

    fn by_token(&self, policy: &Policy, login: &Login<'_>, token: &[u8]) -> Outcome {
        let jwt = policy.jwt.as_ref().ok_or(ReasonCode::BadUserNameOrPassword)?;
        let claims = jwt.tokens.verify(token, self.context.now_seconds()).map_err(|fault| {
            tracing::debug!(?fault, peer = %login.peer.address, "a token was refused");
            ReasonCode::BadUserNameOrPassword
        })?;
        let (name, expires) = (claims.name.clone(), claims.expires);
        let who = Principal::Token { expires, claims: Arc::new(claims) };
        Ok(self.grant(who, &name, login.client_id))
    }

    fn by_password(
        &self,
        policy: &Policy,
        login: &Login<'_>,
        password: &[u8],
        queue: HashQueue<'_>,
    ) -> Outcome {
        let name = login.user_name.ok_or(ReasonCode::BadUserNameOrPassword)?;
        let Some(user) = policy.users.get(name) else {
            let mut external = self.sources.iter().filter_map(|source| source.log_in(login));
            let Some(found) = external.next() else {
                // An unknown name takes as long as a known one.
                let like = policy.users.values().next().map(|user| &user.password);
                queue.time(&*self.context.clock, || self.decoy.with_cost_of(like).verify(password));
                queue.times.decoy_done();
                return Err(ReasonCode::BadUserNameOrPassword);
            };
            let identity = found?;
            return Ok(Arc::new(Grant::external(Arc::clone(&self.context), identity)));
        };
        if !queue.time(&*self.context.clock, || user.password.verify(password)) {
            return Err(ReasonCode::BadUserNameOrPassword);
        }
        self.verified.add(
            self.context.clock.monotonic(),
            Account { name, hash: &user.credential },
            password,
        );
        Ok(self.grant(Principal::User(user.credential.clone()), name, login.client_id))
    }
}

/// The queue in which a log-in waited, and for how long.
#[derive(Clone, Copy)]
pub(super) struct HashQueue<'a> {
    pub(super) times: &'a HashTimes,
    pub(super) waited: Duration,
}

impl HashQueue<'_> {
    /// Hashes a password, and records how long that took, the wait for it included.
    fn time(self, clock: &dyn Clock, verify: impl FnOnce() -> bool) -> bool {
        let began = clock.monotonic();
        let good = verify();
        self.times.add(self.waited + clock.monotonic().saturating_sub(began));
        good
    }
}

/// The account of a client certificate. Its subject comes before its common name.
fn by_certificate(policy: &Policy, peer: &Peer) -> Option<(Principal, Arc<str>)> {
    let certificate = peer.certificate.as_deref()?;
    if let Some((subject, known)) = policy.subjects.get_key_value(&certificate.subject) {
        return Some((Principal::Subject(subject.clone()), Arc::clone(&known.name)));
    }
    let name = certificate.common_name.as_deref()?;
    let (name, known) = policy.common_names.get_key_value(name)?;
    Some((Principal::CommonName(name.clone()), Arc::clone(&known.name)))
}
