//! HTTP log-ins by the same accounts and rules as MQTT's.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use broker_access::{AccessControl, Grant, HttpLogin, LoginStart};
use broker_codec::ReasonCode;
use broker_server::{Access as _, Action, Coverage};
use hub_kit::http::{Credential, LogIn};
use hub_kit::services::Boxed;
use hub_kit::{Caller, Refusal, Rights};
use tokio::sync::Semaphore;

/// Accounts and rules, for the HTTP side.
pub(crate) struct Accounts {
    control: AccessControl,
    /// Password hashes at once: each takes a processor and 19 MiB.
    hashing: Arc<Semaphore>,
    /// Requests that may wait for that.
    waiting: Arc<Semaphore>,
}

const HASHING_MAX: usize = 2;
const WAITING_MAX: usize = 64;

impl Accounts {
    pub(crate) fn new(control: AccessControl) -> Self {
        let (hashing, waiting) = (Semaphore::new(HASHING_MAX), Semaphore::new(WAITING_MAX));
        Self { control, hashing: Arc::new(hashing), waiting: Arc::new(waiting) }
    }

    async fn slow(
        &self,
        shown: Shown,
        (peer, since): (Option<IpAddr>, Duration),
    ) -> Result<Arc<Grant>, Refusal> {
        let busy = || Refusal::new(503, "overloaded", "Too many log-ins at once. Try again.");
        let _waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        let slot = Arc::clone(&self.hashing).acquire_owned().await.map_err(|_| busy())?;
        let control = self.control.clone();
        let checked = tokio::task::spawn_blocking(move || {
            let outcome = control.log_in(&shown.login(peer), since);
            drop(slot);
            outcome
        });
        let outcome =
            checked.await.map_err(|error| Refusal::internal("check the log-in", &error))?;
        outcome.map_err(refusal)
    }
}

/// A credential, as access control takes it.
struct Shown {
    name: Option<String>,
    password: Vec<u8>,
}

impl Shown {
    fn of(credential: Credential) -> Self {
        match credential {
            Credential::Basic { name, password } => Self { name: Some(name), password },
            Credential::Bearer(token) => Self { name: None, password: token.into_bytes() },
        }
    }

    fn login(&self, address: Option<IpAddr>) -> HttpLogin<'_> {
        HttpLogin { name: self.name.as_deref(), password: &self.password, address }
    }
}

impl LogIn for Accounts {
    fn log_in(
        &self,
        credential: Credential,
        peer: Option<IpAddr>,
    ) -> Boxed<'_, Result<Caller, Refusal>> {
        let shown = Shown::of(credential);
        Box::pin(async move {
            let begun = self.control.begin(&shown.login(peer));
            let grant = match begun {
                LoginStart::Decided(known) => known.map_err(refusal)?,
                LoginStart::RefusedAfter(reason, after) => {
                    tokio::time::sleep(after).await;
                    return Err(refusal(reason));
                }
                LoginStart::MustVerify(since) => self.slow(shown, (peer, since)).await?,
            };
            Ok(Caller { name: Arc::clone(grant.name()), rights: Arc::new(Granted(grant)) })
        })
    }

    fn anonymous(&self) -> Caller {
        Caller { name: "".into(), rights: Arc::new(Granted(self.control.anonymous())) }
    }

    fn is_possible(&self) -> bool {
        self.control.has_accounts()
    }
}

fn refusal(reason: ReasonCode) -> Refusal {
    match reason {
        ReasonCode::ConnectionRateExceeded => {
            let detail = "Too many failed log-ins from this address. Wait a minute.";
            Refusal::new(429, "too_many_failures", detail)
        }
        // What exactly was wrong is nobody's business.
        _ => Refusal::new(401, "login_failed", "Name and password, or the token, are not good."),
    }
}

/// The rights of a grant, in the words of the HTTP side.
#[derive(Debug)]
struct Granted(Arc<Grant>);

impl Rights for Granted {
    fn may_publish(&self, topic: &str) -> bool {
        self.0.allows(Action::Publish, topic)
    }

    fn may_read(&self, topic: &str) -> bool {
        self.0.allows(Action::Receive, topic)
    }

    fn reads(&self, filter: &str) -> Coverage {
        self.0.covers(filter)
    }

    fn may_inspect(&self, topic: &str) -> bool {
        self.0.may_inspect(topic)
    }

    fn is_admin(&self) -> bool {
        self.0.is_admin()
    }

    fn has_ended(&self) -> bool {
        self.0.is_revoked()
    }

    fn version(&self) -> u64 {
        self.0.version()
    }
}
