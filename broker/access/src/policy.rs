//! A policy: every account with its rules, as one state of the file has them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uns_model::Filter;

use crate::password::PasswordHash;
use crate::rules::{Placeholders, Rule, Rules, Scope};
use crate::scram::ScramKeys;
use crate::secret::SecretHash;
use crate::token::Tokens;

/// The role that may do everything, including what belongs to no single account.
pub const ADMIN: &str = "admin";

/// All accounts. A policy is replaced as a whole.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    /// Increases with every policy. A decision under another version is stale.
    pub(crate) version: u64,
    pub(crate) users: HashMap<Box<str>, User>,
    pub(crate) devices: HashMap<Box<str>, Device>,
    pub(crate) subjects: HashMap<Box<str>, Certificate>,
    pub(crate) common_names: HashMap<Box<str>, Certificate>,
    /// The names of certificates.
    pub(crate) certified: HashSet<Arc<str>>,
    pub(crate) jwt: Option<JwtPolicy>,
    pub(crate) anonymous: RuleBook,
}

impl Policy {
    /// Whether there is anything to log in with.
    pub(crate) fn has_accounts(&self) -> bool {
        !(self.users.is_empty()
            && self.devices.is_empty()
            && self.subjects.is_empty()
            && self.common_names.is_empty()
            && self.jwt.is_none())
    }

    /// Whether there is a user, device or certificate of this name.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.users.contains_key(name)
            || self.devices.contains_key(name)
            || self.certified.contains(name)
    }
}

/// The account of a person.
pub(crate) struct User {
    pub(crate) password: PasswordHash,
    pub(crate) scram: Option<ScramKeys>,
    /// The hash of the password as text. Connections end when it changes.
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

/// The account of a client certificate.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(crate) name: Arc<str>,
    pub(crate) book: RuleBook,
}

/// Which tokens are valid, and what their bearers may do.
#[derive(Debug)]
pub(crate) struct JwtPolicy {
    pub(crate) tokens: Tokens,
    /// Issuer, audience and all keys as one text. An earlier release noted a mark of it with wills;
    /// it has no other use.
    pub(crate) all_keys: String,
    /// The rules for every token, beside those in the token.
    pub(crate) everybody: RuleBook,
    pub(crate) roles: HashMap<Box<str>, Vec<Rule>>,
}

/// The rules of an account. They are compiled here if they are the same for every client.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleBook {
    rules: Arc<[Rule]>,
    /// `None` if a rule has a placeholder.
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

    /// Rules that allow everything.
    pub(crate) fn everything() -> Self {
        Self { everything: true, admin: true, ..Self::new(Vec::new(), true) }
    }

    /// The rules of the role admin: everything, and reading the broker's own topics.
    pub(crate) fn of_admin() -> impl Iterator<Item = Rule> {
        let rule = |scope, text| {
            let filter = Filter::parse(text).expect("the role's filters are valid");
            Rule { scope, allow: true, filter }
        };
        [rule(Scope::Both, "#"), rule(Scope::Receive, "$SYS/#")].into_iter()
    }

    /// The same rules and more.
    pub(crate) fn with(&self, more: impl IntoIterator<Item = Rule>, admin: bool) -> Self {
        let rules = self.rules.iter().cloned().chain(more).collect();
        Self::new(rules, self.admin || admin)
    }

    /// Whether its rules are the same for every client.
    pub(crate) fn is_same_for_all(&self) -> bool {
        self.compiled.is_some()
    }

    /// The rules of a client; `None` if everything is allowed.
    pub(crate) fn rules(&self, with: Placeholders<'_>) -> Option<Arc<Rules>> {
        let compile = || Arc::new(Rules::new(&*self.rules, with));
        (!self.everything).then(|| self.compiled.clone().unwrap_or_else(compile))
    }
}
