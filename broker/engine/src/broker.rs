//! What all cores of one broker have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use uns_model::{OrgId, Random, SessionNo};

use crate::absent::account;
use crate::config::Config;
use crate::dead_letter::DeadLetters;
use crate::failed::FailedLogins;
use crate::guesses::Guesses;
use crate::limits::Organisations;
use crate::login::Authenticate;
use crate::notices::NoticeLimiter;
use crate::outbound::congestion::Congestion;
use crate::owed_live::SettledLive;
use crate::pressure::Pressure;
use crate::routing::retained::{Retained, RetainedMessages};
use crate::routing::tree::{Holder, Subscriber, Subscriptions};
use crate::sessions::clients::{ClientRef, Clients, Parked};

/// In the byte of the pressure: sessions are owed as much as they may be.
pub(crate) const OWED_FULL: u8 = 1 << 7;

/// The state of a broker that is not owned by one core.
pub struct Broker {
    /// The limits.
    pub config: Arc<Config>,
    /// The subscriptions of all clients.
    pub subscriptions: Subscriptions,
    /// The retained messages.
    pub retained: RetainedMessages,
    /// Who holds which client id.
    pub clients: Clients,
    /// Who may connect.
    pub authenticate: Box<dyn Authenticate>,
    /// What becomes of refused publishes.
    pub(crate) dead_letters: Option<Arc<dyn DeadLetters>>,
    /// What organisations have in common over all cores.
    pub(crate) orgs: Organisations,
    pub(crate) random: Arc<dyn Random>,
    /// How many connections are congested.
    pub(crate) congestion: Arc<Congestion>,
    /// What shares had given to connections and is settled.
    pub(crate) settled_live: Arc<SettledLive>,
    /// How short memory is; each core looks once per chunk it reads.
    pressure: AtomicU8,
    assigned: AtomicU64,
    policies: AtomicU64,
    pub(crate) guesses: Guesses,
    pub(crate) failed_logins: FailedLogins,
    /// Limits how often operators are told of a client.
    pub(crate) notices: NoticeLimiter,
    cores: u16,
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker")
            .field("clients", &self.clients.count())
            .field("subscriptions", &self.subscriptions.count())
            .field("cores", &self.cores)
            .finish_non_exhaustive()
    }
}

impl Broker {
    /// A broker of so many cores, without clients.
    pub fn new(
        config: Config,
        cores: u16,
        authenticate: Box<dyn Authenticate>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            retained: RetainedMessages::new(config.retained, config.limits.organisation.retained),
            guesses: Guesses::new(config.guessing),
            failed_logins: FailedLogins::default(),
            notices: NoticeLimiter::default(),
            config: Arc::new(config.resolved(cores)),
            subscriptions: Subscriptions::default(),
            dead_letters: None,
            orgs: Organisations::default(),
            clients: Clients::default(),
            authenticate,
            random,
            congestion: Arc::default(),
            settled_live: Arc::default(),
            pressure: AtomicU8::new(0),
            assigned: AtomicU64::new(0),
            policies: AtomicU64::new(0),
            cores: cores.max(1),
        }
    }

    /// Has refused publishes described and kept.
    #[must_use]
    pub fn with_dead_letters(mut self, dead_letters: Option<Arc<dyn DeadLetters>>) -> Self {
        self.dead_letters = dead_letters;
        self
    }

    /// How many cores it has.
    pub fn cores(&self) -> u16 {
        self.cores
    }

    /// Puts a retained message back, as at start-up.
    pub fn restore(&self, org: OrgId, message: Retained) {
        self.retained.set(org, message);
    }

    /// How often rights have changed; what was decided under another number is stale.
    #[inline]
    pub fn policy_epoch(&self) -> u64 {
        self.policies.load(Ordering::Acquire)
    }

    /// Rights have changed: from now on every answer of [`Access`](crate::Access) is asked for
    /// again. Connections whose rights were revoked end at the next tick of their core.
    pub fn policy_changed(&self) {
        self.policies.fetch_add(1, Ordering::Release);
        // After the epoch, so that a route that is current holds no decision of the old one.
        self.subscriptions.touch();
    }

    /// Puts a session back, as at start-up, with the owner that the log names: publishes are owed to
    /// it from here on (TRAP-12).
    pub fn restore_session(
        &self,
        ClientRef { org, client_id }: ClientRef<'_>,
        owner: Option<&Arc<str>>,
        session: SessionNo,
        parked: Parked,
    ) {
        for (filter, wish) in &parked.filters {
            let subscriber =
                Subscriber { wish: *wish, session: Some(session), ..Subscriber::default() };
            self.subscriptions.insert(org, filter, &[Holder::Session(session)], &subscriber);
        }
        let owner = owner.map(|owner| match account(owner) {
            whole if whole.len() == owner.len() => Arc::clone(owner),
            account => account.into(),
        });
        self.clients.restore(ClientRef { org, client_id }, owner, session, parked);
    }

    /// Says how short memory is; cores act on it within a tick.
    pub fn set_pressure(&self, pressure: Pressure) {
        let keep_flag = |byte: u8| Some(byte & OWED_FULL | pressure as u8);
        // It always has a next value.
        self.pressure.fetch_update(Ordering::Relaxed, Ordering::Relaxed, keep_flag).ok();
    }

    /// Says whether all sessions together are owed about as much as they may be: what would be owed
    /// to those whose clients are away is refused then, before it would be dropped.
    pub fn set_owed_full(&self, full: bool) {
        if full {
            self.pressure.fetch_or(OWED_FULL, Ordering::Relaxed);
        } else {
            self.pressure.fetch_and(!OWED_FULL, Ordering::Relaxed);
        }
    }

    /// How short memory is.
    #[inline]
    pub fn pressure(&self) -> Pressure {
        Pressure::from_byte(self.shortage() & !OWED_FULL)
    }

    /// Everything that may be short, to be compared with what it was.
    #[inline]
    pub(crate) fn shortage(&self) -> u8 {
        self.pressure.load(Ordering::Relaxed)
    }

    /// A client id nobody else has.
    pub(crate) fn assign_client_id(&self) -> String {
        let number = self.assigned.fetch_add(1, Ordering::Relaxed);
        format!("auto-{number:x}-{:016x}", self.random.u64())
    }
}
