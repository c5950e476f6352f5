//! Decides log-ins of every kind in one place: those of MQTT, quick ones on the cores and slow ones on
//! threads of their own, and those of HTTP.

mod absent;
mod account;
mod authenticate;
mod decide;
mod failed;
mod first_check;
mod http;
mod reload;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use broker_codec::ReasonCode;
use broker_engine::{FailedLogins, Identity, Login, Peer};
use parking_lot::Mutex;
use uns_model::{Clock, Random};

use crate::failures::Failures;
use crate::file::AccessFile;
use crate::file_state::{FileState, warn_of_other_readers};
use crate::grant::Grant;
use crate::grant_pool::GrantPool;
use crate::hash_times::HashTimes;
use crate::local_secret::LocalSecret;
use crate::password::PasswordHash;
use crate::policy::Policy;
use crate::policy_context::PolicyContext;
use crate::principal::Principal;
use crate::verified::Verified;
use crate::watch::FileWatch;
use crate::{Counts, Error};

/// What access control takes from its surroundings.
pub struct Deps {
    /// The file.
    pub file: AccessFile,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub random: Arc<dyn Random>,
    /// Whether clients on loopback are served without a log-in now.
    pub anonymous: Box<dyn Fn() -> bool + Send + Sync>,
    /// Other parts of the process that keep accounts.
    pub sources: Vec<Box<dyn AccountSource>>,
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Another part of this process that keeps accounts, such as an identity module.
pub trait AccountSource: Send + Sync {
    /// The identity of a log-in; `None` if there is no account of this name. It is not called on a
    /// core, so it may block. It is asked after the file, so the accounts of the file come first.
    fn log_in(&self, login: &Login<'_>) -> Option<Result<Identity, ReasonCode>>;

    /// The account of a name, for a will that is due; `None` if it does not exist any more, or if
    /// accounts are known only when they log in. It is called on a core, so it must not block.
    fn rights_of(&self, _name: &str) -> Option<Identity> {
        None
    }
}

/// Decides who may connect and what they may do. Clones share everything.
#[derive(Clone)]
pub struct AccessControl(pub(crate) Arc<Shared>);

/// A log-in over HTTP or WebSocket.
#[derive(Clone, Copy)]
pub struct HttpLogin<'a> {
    /// The name; `None` beside a token.
    pub name: Option<&'a str>,
    /// The password, secret or token.
    pub password: &'a [u8],
    /// Where it comes from.
    pub address: Option<IpAddr>,
}

/// What is known of a log-in over HTTP without a slow check.
#[derive(Debug)]
pub enum LoginStart {
    /// Its outcome.
    Decided(Result<Arc<Grant>, ReasonCode>),
    /// It is refused, and the answer must be delayed by this time.
    RefusedAfter(ReasonCode, Duration),
    /// It must be verified by [`AccessControl::log_in`], for which it waits since this time.
    MustVerify(Duration),
}

impl std::fmt::Debug for HttpLogin<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpLogin").field("name", &self.name).finish_non_exhaustive()
    }
}

impl HttpLogin<'_> {
    /// Calls `of` with this log-in in the form of the broker.
    fn with_login<T>(&self, of: impl FnOnce(&Login<'_>) -> T) -> T {
        let address = self.address.map(|ip| std::net::SocketAddr::new(ip, 0).to_string());
        let peer = Peer { address: address.unwrap_or_default().into(), ..Peer::default() };
        let (user_name, password) = (self.name, Some(self.password));
        of(&Login { client_id: "", user_name, password, peer: &peer })
    }
}

/// Called with the name of a user.
type OnLogIn = Box<dyn Fn(&str) + Send + Sync>;

/// Everything that log-ins need.
pub(crate) struct Shared {
    pub(crate) file: AccessFile,
    pub(crate) context: Arc<PolicyContext>,
    pub(crate) verified: Verified,
    pub(crate) counters: Counters,
    watch: Mutex<FileWatch>,
    random: Arc<dyn Random>,
    sources: Vec<Box<dyn AccountSource>>,
    failures: Failures,
    failed_logins: FailedLogins,
    /// A hash without a password, for unknown names that are hashed all the same.
    decoy: PasswordHash,
    /// How long password hashes take over MQTT. MQTT and HTTP have queues of their own.
    mqtt_hashes: HashTimes,
    /// The same over HTTP.
    http_hashes: HashTimes,
    grants: GrantPool,
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
        let state = FileState::of(file.path());
        warn_of_other_readers(file.path());
        let policy = crate::file::parse(file.path(), &file.read()?)?;
        let policy = ArcSwap::from_pointee(Policy { version: 1, ..policy });
        let secret = LocalSecret::new(file.secret(&*random));
        Ok(Self(Arc::new(Shared {
            context: Arc::new(PolicyContext { policy, clock, secret, anonymous }),
            verified: Verified::new(&*random),
            counters: Counters::default(),
            watch: Mutex::new(FileWatch::new(state)),
            decoy: PasswordHash::decoy(&*random),
            mqtt_hashes: HashTimes::default(),
            http_hashes: HashTimes::default(),
            failures: Failures::default(),
            failed_logins: FailedLogins::default(),
            grants: GrantPool::default(),
            on_log_in: Mutex::default(),
            file,
            random,
            sources,
        })))
    }

    /// Whether there is any account.
    pub fn has_accounts(&self) -> bool {
        self.0.has_accounts(&self.0.context.policy.load())
    }

    /// Sets what is called with the name of a user after each log-in.
    pub fn on_log_in(&self, call: impl Fn(&str) + Send + Sync + 'static) {
        *self.0.on_log_in.lock() = Some(Box::new(call));
    }

    /// The rights of clients without a log-in. They are revoked while such clients are not served.
    pub fn anonymous(&self) -> Arc<Grant> {
        self.0.grant(Principal::Anonymous, "", "")
    }

    /// A key for one purpose. It is the same after a restart.
    pub fn key_for(&self, purpose: &str) -> [u8; 32] {
        self.0.context.secret.key_for(purpose)
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
    /// The rights of a principal.
    fn grant(&self, principal: Principal, name: &str, client_id: &str) -> Arc<Grant> {
        self.grants.grant(&self.context, principal, name, client_id)
    }

    fn has_accounts(&self, policy: &Policy) -> bool {
        policy.has_accounts() || !self.sources.is_empty()
    }

    /// Counts the outcome of a log-in, and reports log-ins of users.
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
