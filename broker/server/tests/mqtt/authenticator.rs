//! Log-ins and rights that tests choose.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use broker_codec::{Connect, ReasonCode, Version};
use broker_server::{
    Access, Action, Authenticate, Coverage, Deps, Exchange, Identity, Login, OwnedLogin, Step,
    Verdict,
};

use crate::client::connect;

/// Rights to everything below `own/`, until they are revoked.
#[derive(Debug, Default)]
pub(crate) struct Own {
    pub(crate) revoked: AtomicBool,
}

impl Access for Own {
    fn allows(&self, _: Action, topic: &str) -> bool {
        topic.starts_with("own/")
    }

    fn covers(&self, filter: &str) -> Coverage {
        match filter {
            "#" => Coverage::Part,
            _ if filter.starts_with("own/") => Coverage::All,
            _ => Coverage::None,
        }
    }

    fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Relaxed)
    }
}

/// Rights to everything except `uns/v1/acme/secret/`.
#[derive(Debug)]
pub(crate) struct NoSecrets;

impl Access for NoSecrets {
    fn allows(&self, _: Action, topic: &str) -> bool {
        !topic.starts_with("uns/v1/acme/secret/")
    }

    fn covers(&self, _: &str) -> Coverage {
        Coverage::Part
    }
}

impl Authenticate for NoSecrets {
    fn authenticate(&self, _: &Login<'_>) -> Verdict {
        let org = uns_model::OrgId::DEFAULT;
        Verdict::Known(Ok(Identity::new(org, "device", Arc::new(Self))))
    }
}

/// Accepts everybody with the password `right`, with the rights of [`Own`]. Accepts anonymous clients
/// where their listener does, with all rights. Verifies as slowly as a test wants.
#[derive(Clone, Default)]
pub(crate) struct SlowAuthenticator {
    pub(crate) own: Arc<Own>,
    /// While it is locked, every verification waits.
    pub(crate) held: Arc<Mutex<()>>,
    /// How many verifications have begun.
    pub(crate) begun: Arc<AtomicUsize>,
}

impl SlowAuthenticator {
    pub(crate) fn deps(&self) -> Deps {
        Deps { authenticate: Box::new(self.clone()), ..Deps::default() }
    }

    fn identity(&self, name: &str) -> Identity {
        Identity::new(uns_model::OrgId::DEFAULT, name, Arc::clone(&self.own) as Arc<dyn Access>)
    }
}

impl Authenticate for SlowAuthenticator {
    fn authenticate(&self, login: &Login<'_>) -> Verdict {
        match login.user_name {
            Some("banned") => Verdict::Known(Err(ReasonCode::NotAuthorized)),
            Some(_) => Verdict::Ask,
            None if login.peer.anonymous_allowed => Verdict::Known(Ok(Identity::anonymous())),
            None => Verdict::Known(Err(ReasonCode::NotAuthorized)),
        }
    }

    fn verify(&self, login: &OwnedLogin) -> Result<Identity, ReasonCode> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        drop(self.held.lock());
        let name = login.user_name.as_deref().unwrap_or_default();
        assert_ne!(name, "fault", "TRAP-52: a fault in here ends no broker");
        match login.password.as_deref() {
            Some(b"right") => Ok(self.identity(name)),
            _ => Err(ReasonCode::BadUserNameOrPassword),
        }
    }

    fn exchange(&self, method: &str, _: &Login<'_>) -> Option<Box<dyn Exchange>> {
        let echo =
            || Box::new(Echo { authenticator: self.clone(), asked: false }) as Box<dyn Exchange>;
        (method == "ECHO").then(echo)
    }
}

/// Expects the client to send `echo`.
struct Echo {
    authenticator: SlowAuthenticator,
    asked: bool,
}

impl Exchange for Echo {
    fn step(&mut self, data: &[u8]) -> Step {
        match (std::mem::replace(&mut self.asked, true), data) {
            (false, _) => Step::Continue(b"echo".to_vec()),
            (true, b"echo") => Step::Done {
                identity: self.authenticator.identity("nymph"),
                data: b"hello".to_vec(),
            },
            (true, _) => Step::Refused(ReasonCode::NotAuthorized),
        }
    }
}

pub(crate) fn as_user<'a>(version: Version, name: &'a str, password: &'a str) -> Connect<'a> {
    Connect { user_name: Some(name), password: Some(password.as_bytes()), ..connect(version, name) }
}
