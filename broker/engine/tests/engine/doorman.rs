//! Log-ins and rights that tests choose.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use broker_codec::{Connect, ConnectProperties, ReasonCode, Version};
use broker_engine::{
    Absent, Access, Action, Authenticate, Coverage, Everything, Exchange, Identity, Login,
    OwnedLogin, Step, Verdict,
};
use parking_lot::Mutex;
use uns_model::OrgId;

use crate::net::connect;

/// What one user may do: prefixes of topics.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) publish: Mutex<Vec<&'static str>>,
    pub(crate) receive: Mutex<Vec<&'static str>>,
    pub(crate) revoked: AtomicBool,
    /// How often it was asked about publishing.
    pub(crate) asked: AtomicUsize,
}

impl Access for Rules {
    fn allows(&self, action: Action, topic: &str) -> bool {
        if action == Action::Publish {
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
        let list = if action == Action::Publish { &self.publish } else { &self.receive };
        list.lock().iter().any(|prefix| topic.starts_with(prefix))
    }

    fn covers(&self, filter: &str) -> Coverage {
        let literal = filter.split(['+', '#']).next().unwrap_or_default();
        let list = self.receive.lock();
        if list.iter().any(|prefix| literal.starts_with(prefix)) {
            return Coverage::All;
        }
        let wild = literal != filter;
        let part = wild && list.iter().any(|prefix| prefix.starts_with(literal));
        if part { Coverage::Part } else { Coverage::None }
    }

    fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Relaxed)
    }
}

pub(crate) fn rules(publish: &[&'static str], receive: &[&'static str]) -> Arc<Rules> {
    let (publish, receive) = (Mutex::new(publish.to_vec()), Mutex::new(receive.to_vec()));
    Arc::new(Rules { publish, receive, ..Rules::default() })
}

/// Knows users, whose passwords are all `right`. One whose name begins with `slow` is verified off
/// the core, and `ghost` is nobody, which takes 70 ms to say. Without a name everybody may do everything.
#[derive(Clone, Default)]
pub(crate) struct Doorman {
    pub(crate) users: BTreeMap<&'static str, Arc<Rules>>,
    /// Rights that accounts have by now, where those of their connections are over.
    pub(crate) renewed: BTreeMap<&'static str, Arc<Rules>>,
}

impl Doorman {
    pub(crate) fn with(users: &[(&'static str, &Arc<Rules>)]) -> Self {
        let users = users.iter().map(|(name, rules)| (*name, Arc::clone(rules))).collect();
        Self { users, ..Self::default() }
    }

    fn identity(&self, name: &str) -> Result<Identity, ReasonCode> {
        let rules = self.users.get(name).ok_or(ReasonCode::BadUserNameOrPassword)?;
        Ok(Identity::new(OrgId::DEFAULT, name, Arc::clone(rules) as Arc<dyn Access>))
    }

    pub(crate) fn judge(&self, login: &Login<'_>) -> Result<Identity, ReasonCode> {
        match (login.user_name, login.password) {
            (None, _) => Ok(Identity::anonymous()),
            (Some(name), Some(b"right")) => self.identity(name),
            _ => Err(ReasonCode::BadUserNameOrPassword),
        }
    }
}

impl Authenticate for Doorman {
    fn authenticate(&self, login: &Login<'_>) -> Verdict {
        if login.user_name.is_some_and(|name| name.starts_with("slow")) {
            return Verdict::Ask;
        }
        if login.user_name == Some("ghost") {
            let wait = std::time::Duration::from_millis(70);
            return Verdict::Refused(ReasonCode::BadUserNameOrPassword, wait);
        }
        Verdict::Known(self.judge(login))
    }

    fn verify(&self, login: &OwnedLogin) -> Result<Identity, ReasonCode> {
        self.judge(&login.as_login())
    }

    fn rights_of(&self, absent: &Absent<'_>) -> Option<Arc<dyn Access>> {
        let Some(account) = absent.account else { return Some(Everything::shared()) };
        let rules = self.renewed.get(account).or_else(|| self.users.get(account))?;
        let rights = Arc::clone(rules) as Arc<dyn Access>;
        Some(rights).filter(|rights| !rights.is_revoked())
    }

    fn exchange(&self, method: &str, _: &Login<'_>) -> Option<Box<dyn Exchange>> {
        let riddle = Riddle { doorman: self.clone(), name: None };
        (method == "RIDDLE").then(|| Box::new(riddle) as Box<dyn Exchange>)
    }
}

/// A name, then its reverse.
struct Riddle {
    doorman: Doorman,
    name: Option<String>,
}

impl Exchange for Riddle {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn step(&mut self, data: &[u8]) -> Step {
        let said = String::from_utf8_lossy(data).into_owned();
        let Some(name) = &self.name else {
            if !said.is_empty() {
                self.name = Some(said);
            }
            return Step::Continue(b"reverse it".to_vec());
        };
        let right = name.chars().rev().eq(said.chars());
        match self.doorman.identity(name) {
            Ok(identity) if right => Step::Done { identity, data: b"well done".to_vec() },
            _ => Step::Refused(ReasonCode::NotAuthorized),
        }
    }
}

pub(crate) fn as_user<'a>(version: Version, name: &'a str, password: &'a str) -> Connect<'a> {
    Connect { user_name: Some(name), password: Some(password.as_bytes()), ..connect(version, name) }
}

pub(crate) fn by_method<'a>(id: &'a str, method: &'a str, data: &'a str) -> Connect<'a> {
    let properties = ConnectProperties {
        authentication_method: Some(method),
        authentication_data: (!data.is_empty()).then_some(data.as_bytes()),
        ..ConnectProperties::default()
    };
    Connect { properties, ..connect(Version::V5, id) }
}
