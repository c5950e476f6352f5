//! What one identity may do, for as long as it is connected: it follows every change of the file.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use broker_engine::{Access, Action, Coverage, Identity};

use crate::control::Shared;
use crate::noted::Noted;
use crate::policy::{Policy, RuleBook};
use crate::rules::{Placeholders, Rules};

/// How somebody got in, and so what ends it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Who {
    /// With this password hash.
    User(String),
    /// With the secret of this hash.
    Device(crate::secret::SecretHash),
    /// With a certificate of this subject.
    Subject(Box<str>),
    /// With a certificate of this common name.
    CommonName(Box<str>),
    /// With a token that is good until then.
    Token { expires: i64, claims: Arc<crate::token::Claims> },
    /// Without a log-in.
    Anonymous,
    /// By an account that is kept elsewhere.
    Elsewhere,
}

/// Somebody's rights.
pub struct Grant {
    shared: Arc<Shared>,
    who: Who,
    name: Arc<str>,
    client_id: Box<str>,
    effective: ArcSwap<Effective>,
    /// Of an account that is kept elsewhere.
    identity: Option<Identity>,
}

/// The rights under one policy.
struct Effective {
    version: u64,
    /// None is asked where everything is allowed.
    rules: Option<Arc<Rules>>,
    admin: bool,
    /// What they logged in with is good no more.
    gone: bool,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Grant {
    pub(crate) fn new(shared: Arc<Shared>, who: Who, name: Arc<str>, client_id: &str) -> Self {
        let policy = shared.policy.load();
        let effective = effective(&policy, &who, &name, client_id);
        let (client_id, effective) = (client_id.into(), ArcSwap::from_pointee(effective));
        drop(policy);
        Self { shared, who, name, client_id, effective, identity: None }
    }

    /// Somebody an account elsewhere vouches for.
    pub(crate) fn of_source(shared: Arc<Shared>, identity: Identity) -> Self {
        let name = Arc::clone(&identity.name);
        Self { identity: Some(identity), ..Self::new(shared, Who::Elsewhere, name, "") }
    }

    /// What an account elsewhere said.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// How they got in.
    pub(crate) fn who(&self) -> &Who {
        &self.who
    }

    pub(crate) fn is_of(&self, who: &Who) -> bool {
        self.who == *who
    }

    /// Whether this is a person of the file.
    pub(crate) fn is_user(&self) -> bool {
        matches!(self.who, Who::User(_))
    }

    /// The name it goes by.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether the role admin is among its roles.
    pub fn is_admin(&self) -> bool {
        let current = self.current();
        current.admin && !current.gone
    }

    /// Whether nothing denies them to look at a topic. A dead letter is looked at like the topic it
    /// is about.
    pub fn may_inspect(&self, topic: &str) -> bool {
        let topic = broker_engine::subjects(topic);
        if let Some(identity) = &self.identity {
            return identity.access.allows(Action::Receive, topic);
        }
        let current = self.current();
        current.rules.as_ref().is_none_or(|rules| !rules.denies(topic))
    }

    /// Changes whenever an answer may have.
    pub fn version(&self) -> u64 {
        self.shared.policy.load().version
    }

    fn current(&self) -> arc_swap::Guard<Arc<Effective>> {
        let policy = self.shared.policy.load();
        let known = self.effective.load();
        if known.version == policy.version {
            return known;
        }
        let now = Arc::new(effective(&policy, &self.who, &self.name, &self.client_id));
        self.effective.store(now);
        self.effective.load()
    }
}

fn effective(policy: &Policy, who: &Who, name: &str, client_id: &str) -> Effective {
    let book = book(policy, who, name);
    let with = Placeholders { client_id, user_name: name };
    Effective {
        version: policy.version,
        rules: book.as_deref().map_or_else(|| Some(Arc::default()), |book| book.rules(with)),
        admin: book.as_deref().is_some_and(|book| book.admin),
        gone: book.is_none(),
    }
}

/// The rules of somebody; nothing if what they logged in with is good no more.
fn book<'p>(policy: &'p Policy, who: &Who, name: &str) -> Option<Cow<'p, RuleBook>> {
    let kept = match who {
        Who::User(credential) => {
            policy.users.get(name).filter(|user| user.credential == *credential).map(|u| &u.book)
        }
        Who::Device(secret) => {
            policy.devices.get(name).filter(|device| device.secret == *secret).map(|d| &d.book)
        }
        Who::Subject(subject) => {
            policy.subjects.get(subject).filter(|known| *known.name == *name).map(|c| &c.book)
        }
        Who::CommonName(common_name) => {
            let known = policy.common_names.get(common_name);
            known.filter(|known| *known.name == *name).map(|c| &c.book)
        }
        Who::Anonymous => Some(&policy.anonymous),
        Who::Elsewhere => None,
        Who::Token { claims, .. } => {
            let jwt = policy.jwt.as_ref().filter(|jwt| jwt.tokens.trusts(&claims.credential))?;
            let roles = claims.roles.iter().filter_map(|role| jwt.roles.get(role.as_str()));
            let admin = claims.roles.iter().any(|role| role == crate::ADMIN);
            let of_admin = RuleBook::of_admin().filter(|_| admin);
            let more = claims.rules.iter().chain(roles.flatten()).cloned().chain(of_admin);
            return Some(Cow::Owned(jwt.everybody.with(more, admin)));
        }
    };
    kept.map(Cow::Borrowed)
}

impl Access for Grant {
    fn allows(&self, action: Action, topic: &str) -> bool {
        if let Some(identity) = &self.identity {
            return identity.access.allows(action, topic);
        }
        let current = self.current();
        current.rules.as_ref().is_none_or(|rules| rules.allows(action, topic))
    }

    fn covers(&self, filter: &str) -> Coverage {
        if let Some(identity) = &self.identity {
            return identity.access.covers(filter);
        }
        let current = self.current();
        current.rules.as_ref().map_or(Coverage::All, |rules| rules.covers(filter))
    }

    fn noted(&self) -> Option<String> {
        let noted = match &self.who {
            Who::Subject(subject) => Noted::Subject(subject.clone()),
            Who::CommonName(common_name) => Noted::CommonName(common_name.clone()),
            Who::Token { claims, .. } => Noted::Token {
                keys: self.shared.mark(&claims.credential.to_string()),
                roles: claims.roles.clone(),
                allow: claims.rules.iter().map(|rule| rule.filter.as_str().to_owned()).collect(),
            },
            Who::User(_) | Who::Device(_) | Who::Anonymous | Who::Elsewhere => return None,
        };
        noted.text()
    }

    fn is_revoked(&self) -> bool {
        if let Some(identity) = &self.identity {
            return identity.access.is_revoked();
        }
        let over = match &self.who {
            Who::Token { expires, .. } => self.shared.now_seconds() >= *expires,
            Who::Anonymous => !self.shared.is_anonymous_served(),
            _ => false,
        };
        over || self.current().gone
    }
}
