//! Who somebody is: what can be told at once, and what takes its time.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use broker_codec::ReasonCode;
use broker_engine::{Login, Peer, Proof, Tried};

use super::Shared;
use super::quick::{Outcome, Quick};
use crate::grant::{Grant, Who};
use crate::hashes::Hashes;
use crate::password::PASSWORD_BYTES_MAX;
use crate::policy::Policy;
use crate::secret::{SecretHash, is_secret};
use crate::token::is_token;

/// Longer passwords and tokens are refused unread.
const CREDENTIAL_BYTES_MAX: usize = 8 * 1024;

/// Whether a client is on this machine, as far as its connection tells.
fn is_local(peer: &Peer) -> bool {
    !peer.proxied && address_of(peer).is_some_and(|ip| ip.to_canonical().is_loopback())
}

fn address_of(peer: &Peer) -> Option<IpAddr> {
    peer.address.parse::<SocketAddr>().ok().map(|address| address.ip())
}

impl Shared {
    /// What can be told without a slow hash.
    pub(super) fn quick(self: &Arc<Self>, login: &Login<'_>) -> Quick {
        let policy = self.policy.load();
        let wrong = || Quick::Known(Err(ReasonCode::BadUserNameOrPassword));
        let Some(password) = login.password.filter(|_| self.has_accounts(&policy)) else {
            // Where nobody has an account a password is as good as none.
            return Quick::Known(self.without_password(login));
        };
        if policy.jwt.is_some() && is_token(password) {
            return if password.len() > CREDENTIAL_BYTES_MAX { wrong() } else { Quick::Slow };
        }
        // Before anybody is looked for, or the time it takes would tell whether the name exists.
        if password.len() > PASSWORD_BYTES_MAX {
            return wrong();
        }
        let Some(name) = login.user_name else { return wrong() };
        // Hashed whoever it is, or the time it takes would tell whether the device exists.
        let shown = SecretHash::of(password);
        if let Some(device) = policy.devices.get(name)
            && device.secret.is(&shown)
        {
            let who = Who::Device(device.secret.clone());
            return Quick::Known(Ok(self.grant(who, name, login.client_id)));
        }
        if is_secret(password) && self.sources.is_empty() {
            // A generated secret, but not of this device: guessing one is hopeless, so there is
            // nothing to slow down, and a fleet with old secrets costs no hashes.
            return wrong();
        }
        let Some(user) = policy.users.get(name) else {
            // A source may know it.
            return if self.sources.is_empty() { Quick::Nobody } else { Quick::Slow };
        };
        if self.verified.knows(self.clock.monotonic(), (name, &user.credential), password) {
            let who = Who::User(user.credential.clone());
            return Quick::Known(Ok(self.grant(who, name, login.client_id)));
        }
        Quick::Slow
    }

    /// Whose account a log-in tries: that of the token, where it shows one, whatever the name
    /// beside it says.
    pub(super) fn tried<'l>(&self, login: &Login<'l>) -> Tried<'l> {
        let policy = self.policy.load();
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

    /// A client that shows no password: its certificate, or nothing.
    fn without_password(self: &Arc<Self>, login: &Login<'_>) -> Outcome {
        let policy = self.policy.load();
        if let Some((who, name)) = by_certificate(&policy, login.peer) {
            return Ok(self.grant(who, &name, login.client_id));
        }
        let nameless = login.user_name.is_none() || !self.has_accounts(&policy);
        let welcome = is_local(login.peer) && login.peer.anonymous_allowed;
        if nameless && welcome && self.is_anonymous_served() {
            return Ok(self.grant(Who::Anonymous, "", login.client_id));
        }
        Err(if nameless { ReasonCode::NotAuthorized } else { ReasonCode::BadUserNameOrPassword })
    }

    /// What takes its time: tokens and passwords. It waited so long in the queue of its interface.
    pub(super) fn slow(self: &Arc<Self>, login: &Login<'_>, queue: (&Hashes, Duration)) -> Outcome {
        let password = login.password.unwrap_or_default();
        let policy = self.policy.load_full();
        match policy.jwt.is_some() && is_token(password) {
            true => self.by_token(&policy, login, password),
            false => self.by_password(&policy, login, (password, queue)),
        }
    }

    fn by_token(self: &Arc<Self>, policy: &Policy, login: &Login<'_>, token: &[u8]) -> Outcome {
        let jwt = policy.jwt.as_ref().ok_or(ReasonCode::BadUserNameOrPassword)?;
        let claims = jwt.tokens.verify(token, self.now_seconds()).map_err(|fault| {
            tracing::debug!(?fault, peer = %login.peer.address, "a token was refused");
            ReasonCode::BadUserNameOrPassword
        })?;
        let (name, expires) = (claims.name.clone(), claims.expires);
        let who = Who::Token { expires, claims: Arc::new(claims) };
        Ok(self.grant(who, &name, login.client_id))
    }

    fn by_password(
        self: &Arc<Self>,
        policy: &Policy,
        login: &Login<'_>,
        (password, queue): (&[u8], (&Hashes, Duration)),
    ) -> Outcome {
        let name = login.user_name.ok_or(ReasonCode::BadUserNameOrPassword)?;
        let Some(user) = policy.users.get(name) else {
            let mut elsewhere = self.sources.iter().filter_map(|source| source.log_in(login));
            let Some(found) = elsewhere.next() else {
                // A name nobody has costs what one somebody has would.
                let like = policy.users.values().next().map(|user| &user.password);
                self.timed(queue, || self.decoy.with_cost_of(like).verify(password));
                queue.0.nobody_done();
                return Err(ReasonCode::BadUserNameOrPassword);
            };
            let identity = found?;
            return Ok(Arc::new(Grant::of_source(Arc::clone(self), identity)));
        };
        if !self.timed(queue, || user.password.verify(password)) {
            return Err(ReasonCode::BadUserNameOrPassword);
        }
        self.verified.add(self.clock.monotonic(), (name, &user.credential), password);
        Ok(self.grant(Who::User(user.credential.clone()), name, login.client_id))
    }

    /// Hashes a password, and remembers how long that takes now, with the wait for it.
    fn timed(&self, (hashes, waited): (&Hashes, Duration), verify: impl FnOnce() -> bool) -> bool {
        let began = self.clock.monotonic();
        let good = verify();
        hashes.took(waited + self.clock.monotonic().saturating_sub(began));
        good
    }
}

/// Whom the certificate of a client stands for: by its subject before its common name.
fn by_certificate(policy: &Policy, peer: &Peer) -> Option<(Who, Arc<str>)> {
    let certificate = peer.certificate.as_deref()?;
    if let Some((subject, known)) = policy.subjects.get_key_value(&certificate.subject) {
        return Some((Who::Subject(subject.clone()), Arc::clone(&known.name)));
    }
    let name = certificate.common_name.as_deref()?;
    let (name, known) = policy.common_names.get_key_value(name)?;
    Some((Who::CommonName(name.clone()), Arc::clone(&known.name)))
}
