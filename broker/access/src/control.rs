//! Log-ins of every kind, decided in one place: for MQTT on its cores and beside them, for HTTP.

mod absent;
mod account;
mod authenticate;
mod decide;
mod elsewhere;
mod failed;
mod quick;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use broker_codec::ReasonCode;
use broker_engine::{Access as _, FailedLogins, Identity, Login, Peer};
use parking_lot::Mutex;
use ring::hmac;
use uns_model::{Clock, Random};

use crate::failures::Failures;
use crate::file::AccessFile;
use crate::grant::{Grant, Who};
use crate::hashes::Hashes;
use crate::look::Look;
use crate::password::PasswordHash;
use crate::policy::Policy;
use crate::verified::Verified;
use crate::watch::Reload;
use crate::{Counts, Error};

/// What access control takes from its surroundings.
pub struct Deps {
    /// The file.
    pub file: AccessFile,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Whether clients without a log-in are served now, from loopback.
    pub anonymous: Box<dyn Fn() -> bool + Send + Sync>,
    /// Others who know accounts.
    pub sources: Vec<Box<dyn Source>>,
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Accounts that are kept elsewhere in this process, such as by an identity module.
pub trait Source: Send + Sync {
    /// Who this is; `None` if it knows nothing of the name. Called off the cores, may block. It is
    /// asked after the file, so that an account of the file is what the file says.
    fn log_in(&self, login: &Login<'_>) -> Option<Result<Identity, ReasonCode>>;

    /// An account of a name, when a will that it left is due; `None` if it is gone, or nothing is
    /// known of accounts but by their log-ins. Called on a core, so it must not block.
    fn rights_of(&self, _name: &str) -> Option<Identity> {
        None
    }
}

/// Who may connect and what they may do. Clones share everything.
#[derive(Clone)]
pub struct AccessControl(pub(crate) Arc<Shared>);

/// A log-in that does not come over MQTT.
#[derive(Clone, Copy)]
pub struct Elsewhere<'a> {
    /// The name; none beside a token.
    pub name: Option<&'a str>,
    /// The password, secret or token.
    pub password: &'a [u8],
    /// Where it comes from.
    pub address: Option<IpAddr>,
}

/// How a log-in from elsewhere begins.
#[derive(Debug)]
pub enum Begun {
    /// It is over.
    Known(Result<Arc<Grant>, ReasonCode>),
    /// It is refused, and to be told so after this time.
    Refused(ReasonCode, Duration),
    /// It has to be verified, and waits for that since then: [`AccessControl::log_in`].
    Slow(Duration),
}

impl std::fmt::Debug for Elsewhere<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Elsewhere").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Elsewhere<'_> {
    fn with_login<T>(&self, of: impl FnOnce(&Login<'_>) -> T) -> T {
        let address = self.address.map(|ip| std::net::SocketAddr::new(ip, 0).to_string());
        let peer = Peer { address: address.unwrap_or_default().into(), ..Peer::default() };
        let (user_name, password) = (self.name, Some(self.password));
        of(&Login { client_id: "", user_name, password, peer: &peer })
    }
}

/// Is told the names of users.
type OnLogIn = Box<dyn Fn(&str) + Send + Sync>;

/// Everything a log-in needs.
pub(crate) struct Shared {
    pub(crate) file: AccessFile,
    pub(crate) policy: ArcSwap<Policy>,
    pub(crate) verified: Verified,
    pub(crate) counters: Counters,
    pub(crate) reload: Mutex<Reload>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    anonymous: Box<dyn Fn() -> bool + Send + Sync>,
    sources: Vec<Box<dyn Source>>,
    failures: Failures,
    failed_logins: FailedLogins,
    /// Nobody's password, for the names nobody has that are hashed.
    decoy: PasswordHash,
    /// How long passwords take over MQTT, and elsewhere: each has a queue of its own.
    mqtt_hashes: Hashes,
    elsewhere_hashes: Hashes,
    /// Salts of names nobody has come from it: the same ones, also after a restart.
    pub(crate) scram_secret: [u8; 32],
    /// Rights in use, so that all connections of one account share them.
    grants: Mutex<HashMap<Arc<str>, Weak<Grant>>>,
    /// Called after log-ins of users.
    on_log_in: Mutex<Option<OnLogIn>>,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) limited: AtomicU64,
    pub(crate) reloaded: AtomicU64,
    pub(crate) reload_failed: AtomicU64,
}

impl std::fmt::Debug for AccessControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessControl").field("file", &self.0.file).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("file", &self.file).finish_non_exhaustive()
    }
}

impl AccessControl {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or what it says cannot be used.
    pub fn open(deps: Deps) -> Result<Self, Error> {
        let Deps { file, clock, random, anonymous, sources } = deps;
        let look = Look::at(file.path());
        look.warn_of_readers(file.path());
        let policy = crate::file::parse(file.path(), &file.read()?)?;
        let scram_secret = file.secret(&*random);
        Ok(Self(Arc::new(Shared {
            policy: ArcSwap::from_pointee(Policy { version: 1, ..policy }),
            verified: Verified::new(&*random),
            counters: Counters::default(),
            reload: Mutex::new(Reload::new(look)),
            decoy: PasswordHash::decoy(&*random),
            mqtt_hashes: Hashes::default(),
            elsewhere_hashes: Hashes::default(),
            failures: Failures::default(),
            failed_logins: FailedLogins::default(),
            grants: Mutex::default(),
            on_log_in: Mutex::default(),
            file,
            clock,
            random,
            anonymous,
            sources,
            scram_secret,
        })))
    }

    /// Whether anybody has an account.
    pub fn has_accounts(&self) -> bool {
        self.0.has_accounts(&self.0.policy.load())
    }

    /// Whether there is a user, a person that is.
    pub fn has_users(&self) -> bool {
        !self.0.policy.load().users.is_empty()
    }

    /// What to call with a user's name after each log-in.
    pub fn on_log_in(&self, call: impl Fn(&str) + Send + Sync + 'static) {
        *self.0.on_log_in.lock() = Some(Box::new(call));
    }

    /// What somebody without a log-in may do, from now on and as long as they may.
    pub fn anonymous(&self) -> Arc<Grant> {
        self.0.grant(Who::Anonymous, "", "")
    }

    /// A key for one purpose, the same one after a restart.
    pub fn key_for(&self, purpose: &str) -> [u8; 32] {
        self.0.key_for(purpose)
    }

    /// Figures of this moment.
    pub fn counts(&self) -> Counts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.0.counters;
        Counts {
            accepted: get(&counters.accepted),
            refused: get(&counters.refused),
            limited: get(&counters.limited),
            reloaded: get(&counters.reloaded),
            reload_failed: get(&counters.reload_failed),
        }
    }
}

impl Shared {
    fn key_for(&self, purpose: &str) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.scram_secret);
        let tag = hmac::sign(&key, format!("key for {purpose}").as_bytes());
        let mut derived = [0; 32];
        derived.copy_from_slice(tag.as_ref());
        derived
    }

    pub(crate) fn now_seconds(&self) -> i64 {
        self.clock.now().0.div_euclid(1_000_000_000)
    }

    pub(crate) fn is_anonymous_served(&self) -> bool {
        (self.anonymous)()
    }

    /// The rights of somebody, shared by all connections for which they are the same.
    fn grant(self: &Arc<Self>, who: Who, name: &str, client_id: &str) -> Arc<Grant> {
        let policy = self.policy.load();
        let same = match &who {
            Who::User(_) => policy.users.get(name).is_some_and(|u| u.book.is_same_for_all()),
            Who::Device(_) => policy.devices.get(name).is_some_and(|d| d.book.is_same_for_all()),
            Who::Anonymous => policy.anonymous.is_same_for_all(),
            _ => false,
        };
        if !same {
            return Arc::new(Grant::new(Arc::clone(self), who, name.into(), client_id));
        }
        let mut grants = self.grants.lock();
        if let Some(known) = grants.get(name).and_then(Weak::upgrade)
            && known.is_of(&who)
            && !known.is_revoked()
        {
            return known;
        }
        let accounts = policy.users.len() + policy.devices.len() + 1;
        if grants.len() > accounts {
            grants.retain(|_, grant| grant.strong_count() > 0);
        }
        let name: Arc<str> = name.into();
        // Under a client id of nobody: what is shared must not depend on whose it was first.
        let grant = Arc::new(Grant::new(Arc::clone(self), who, Arc::clone(&name), ""));
        grants.insert(name, Arc::downgrade(&grant));
        grant
    }

    fn has_accounts(&self, policy: &Policy) -> bool {
        policy.has_accounts() || !self.sources.is_empty()
    }

    /// Counts how a log-in ended, and tells of those of users.
    fn counted(&self, outcome: Result<Arc<Grant>, ReasonCode>) -> Result<Arc<Grant>, ReasonCode> {
        let counter = match &outcome {
            Ok(grant) => {
                if grant.is_user()
                    && let Some(call) = &*self.on_log_in.lock()
                {
                    call(grant.name());
                }
                &self.counters.accepted
            }
            Err(ReasonCode::ConnectionRateExceeded) => &self.counters.limited,
            Err(_) => &self.counters.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        outcome
    }
}

#[cfg(test)]
mod tests;
