//! A policy: every account with its rules, as one state of the file says it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uns_model::Filter;

use crate::password::PasswordHash;
use crate::rules::{Placeholders, Rule, Rules, Scope};
use crate::scram::ScramKeys;
use crate::secret::SecretHash;
use crate::token::Tokens;

/// Everybody there is. Replaced as a whole.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    /// Counts up with every policy; what was decided under another is stale.
    pub(crate) version: u64,
    pub(crate) users: HashMap<Box<str>, User>,
    pub(crate) devices: HashMap<Box<str>, Device>,
    pub(crate) subjects: HashMap<Box<str>, Certificate>,
    pub(crate) common_names: HashMap<Box<str>, Certificate>,
    /// The names certificates stand for.
    pub(crate) certified: HashSet<Arc<str>>,
    pub(crate) jwt: Option<JwtPolicy>,
    pub(crate) anonymous: RuleBook,
}

impl Policy {
    /// Whether anybody could log in.
    pub(crate) fn has_accounts(&self) -> bool {
        !(self.users.is_empty()
            && self.devices.is_empty()
            && self.subjects.is_empty()
            && self.common_names.is_empty()
            && self.jwt.is_none())
    }

    /// Whether the file has an account of this name: a user, a device or a certificate's.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.users.contains_key(name)
            || self.devices.contains_key(name)
            || self.certified.contains(name)
    }
}

/// A person.
pub(crate) struct User {
    pub(crate) password: PasswordHash,
    pub(crate) scram: Option<ScramKeys>,
    /// The password's hash as text: a session ends when it changes.
    pub(crate) credential: String,
    pub(crate) book: RuleBook,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("book", &self.book).finish_non_exhaustive()
    }
}

/// A device with a generated secret.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) secret: SecretHash,
    pub(crate) book: RuleBook,
}

/// Whom a client certificate stands for.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(crate) name: Arc<str>,
    pub(crate) book: RuleBook,
}

/// Tokens and what their bearers may.
#[derive(Debug)]
pub(crate) struct JwtPolicy {
    pub(crate) tokens: Tokens,
    /// Issuer, audience and all keys as one text. The first release that judged wills when they are due
    /// noted a mark of it beside them; nothing else is told by it.
    pub(crate) all_keys: String,
    /// Rules of every token, beside those it brings.
    pub(crate) everybody: RuleBook,
    pub(crate) roles: HashMap<Box<str>, Vec<Rule>>,
}

/// Rules, compiled as far as they are the same for every client.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleBook {
    rules: Arc<[Rule]>,
    /// Where no rule has a placeholder.
    compiled: Option<Arc<Rules>>,
    everything: bool,
    pub(crate) admin: bool,
}

impl RuleBook {
    pub(crate) fn new(rules: Vec<Rule>, admin: bool) -> Self {
        let nobody = Placeholders { client_id: "", user_name: "" };
        let same = !rules.iter().any(Rule::has_placeholder);
        let compiled = same.then(|| Arc::new(Rules::new(&rules, nobody)));
        Self { rules: rules.into(), compiled, everything: false, admin }
    }

    /// No rule is asked.
    pub(crate) fn everything() -> Self {
        Self { everything: true, admin: true, ..Self::new(Vec::new(), true) }
    }

    /// What the role admin allows: everything, and to read the broker's own topics.
    pub(crate) fn of_admin() -> impl Iterator<Item = Rule> {
        let rule = |scope, text| {
            let filter = Filter::parse(text).expect("the role's filters are valid");
            Rule { scope, allow: true, filter }
        };
        [rule(Scope::Both, "#"), rule(Scope::Receive, "$SYS/#")].into_iter()
    }

    /// With further rules.
    pub(crate) fn with(&self, more: impl IntoIterator<Item = Rule>, admin: bool) -> Self {
        let rules = self.rules.iter().cloned().chain(more).collect();
        Self::new(rules, self.admin || admin)
    }

    /// Whether its rules are the same for every client.
    pub(crate) fn is_same_for_all(&self) -> bool {
        self.compiled.is_some()
    }

    /// The rules of a client; none where none is asked.
    pub(crate) fn rules(&self, with: Placeholders<'_>) -> Option<Arc<Rules>> {
        let compile = || Arc::new(Rules::new(&*self.rules, with));
        (!self.everything).then(|| self.compiled.clone().unwrap_or_else(compile))
    }
}
