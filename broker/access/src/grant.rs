//! The rights of one identity while it is connected. They follow every change of the file.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use broker_engine::{Access, Action, Coverage, Identity};

use crate::noted_credential::NotedCredential;
use crate::policy::Policy;
use crate::policy_context::PolicyContext;
use crate::principal::Principal;
use crate::rules::{Placeholders, Rules};

/// The rights of one identity.
pub struct Grant {
    context: Arc<PolicyContext>,
    principal: Principal,
    name: Arc<str>,
    client_id: Box<str>,
    effective: ArcSwap<Effective>,
    /// The identity that an external account gave.
    external: Option<Identity>,
}

/// The rights under one policy.
struct Effective {
    version: u64,
    /// `None` if everything is allowed.
    rules: Option<Arc<Rules>>,
    admin: bool,
    /// The credential is not valid any more.
    revoked: bool,
}

impl Effective {
    fn new(policy: &Policy, principal: &Principal, name: &str, client_id: &str) -> Self {
        let book = principal.rules(policy, name);
        let with = Placeholders { client_id, user_name: name };
        Self {
            version: policy.version,
            rules: book.as_deref().map_or_else(|| Some(Arc::default()), |book| book.rules(with)),
            admin: book.as_deref().is_some_and(|book| book.admin),
            revoked: book.is_none(),
        }
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Grant {
    pub(crate) fn new(
        context: Arc<PolicyContext>,
        principal: Principal,
        name: Arc<str>,
        client_id: &str,
    ) -> Self {
        let effective = Effective::new(&context.policy.load(), &principal, &name, client_id);
        let (client_id, effective) = (client_id.into(), ArcSwap::from_pointee(effective));
        Self { context, principal, name, client_id, effective, external: None }
    }

    /// The rights that an external account gives.
    pub(crate) fn external(context: Arc<PolicyContext>, identity: Identity) -> Self {
        let name = Arc::clone(&identity.name);
        Self { external: Some(identity), ..Self::new(context, Principal::External, name, "") }
    }

    /// The identity that an external account gave.
    pub(crate) fn external_identity(&self) -> Option<&Identity> {
        self.external.as_ref()
    }

    /// How the identity logged in.
    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whether this is a user of the file.
    pub(crate) fn is_user(&self) -> bool {
        matches!(self.principal, Principal::User(_))
    }

    /// The name of the account.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether the identity has the role admin.
    pub fn is_admin(&self) -> bool {
        let current = self.current();
        current.admin && !current.revoked
    }

    /// Whether nothing denies the identity to look at a topic. A dead letter counts as the topic it
    /// is about.
    pub fn may_inspect(&self, topic: &str) -> bool {
        let topic = broker_engine::subjects(topic);
        if let Some(identity) = &self.external {
            return identity.access.allows(Action::Receive, topic);
        }
        let current = self.current();
        current.rules.as_ref().is_none_or(|rules| !rules.denies(topic))
    }

    /// A number that changes whenever an answer may have changed.
    pub fn version(&self) -> u64 {
        self.context.policy.load().version
    }

    fn current(&self) -> arc_swap::Guard<Arc<Effective>> {
        let policy = self.context.policy.load();
        let known = self.effective.load();
        if known.version == policy.version {
            return known;
        }
        let now = Effective::new(&policy, &self.principal, &self.name, &self.client_id);
        self.effective.store(Arc::new(now));
        self.effective.load()
    }
}

impl Access for Grant {
    fn allows(&self, action: Action, topic: &str) -> bool {
        if let Some(identity) = &self.external {
            return identity.access.allows(action, topic);
        }
        let current = self.current();
        current.rules.as_ref().is_none_or(|rules| rules.allows(action, topic))
    }

    fn covers(&self, filter: &str) -> Coverage {
        if let Some(identity) = &self.external {
            return identity.access.covers(filter);
        }
        let current = self.current();
        current.rules.as_ref().map_or(Coverage::All, |rules| rules.covers(filter))
    }

    fn noted(&self) -> Option<String> {
        let noted = match &self.principal {
            Principal::Subject(subject) => NotedCredential::Subject(subject.clone()),
            Principal::CommonName(common_name) => NotedCredential::CommonName(common_name.clone()),
            Principal::Token { claims, .. } => NotedCredential::Token {
                keys: self.context.secret.mark(&claims.credential.to_string()),
                roles: claims.roles.clone(),
                allow: claims.rules.iter().map(|rule| rule.filter.as_str().to_owned()).collect(),
            },
            Principal::User(_)
            | Principal::Device(_)
            | Principal::Anonymous
            | Principal::External => return None,
        };
        noted.text()
    }

    fn is_revoked(&self) -> bool {
        if let Some(identity) = &self.external {
            return identity.access.is_revoked();
        }
        let over = match &self.principal {
            Principal::Token { expires, .. } => self.context.now_seconds() >= *expires,
            Principal::Anonymous => !self.context.is_anonymous_served(),
            _ => false,
        };
        over || self.current().revoked
    }
}
