//! Who has logged in, and with which credential. A change of that credential revokes the rights.

use std::borrow::Cow;
use std::sync::Arc;

use crate::policy::{ADMIN, Policy, RuleBook};
use crate::secret::SecretHash;
use crate::token::Claims;

/// How somebody has logged in.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Principal {
    /// A user, with the password of this hash.
    User(String),
    /// A device, with the secret of this hash.
    Device(SecretHash),
    /// With a certificate of this subject.
    Subject(Box<str>),
    /// With a certificate of this common name.
    CommonName(Box<str>),
    /// With a token that is valid until `expires`.
    Token { expires: i64, claims: Arc<Claims> },
    /// Without a log-in.
    Anonymous,
    /// With an account that another part of the process keeps.
    External,
}

impl Principal {
    /// The rules under a policy; `None` if the credential is not valid any more.
    pub(crate) fn rules<'p>(&self, policy: &'p Policy, name: &str) -> Option<Cow<'p, RuleBook>> {
        let kept = match self {
            Self::User(credential) => {
                let user = policy.users.get(name);
                user.filter(|user| user.credential == *credential).map(|user| &user.book)
            }
            Self::Device(secret) => {
                let device = policy.devices.get(name);
                device.filter(|device| device.secret == *secret).map(|device| &device.book)
            }
            Self::Subject(subject) => {
                let known = policy.subjects.get(subject);
                known.filter(|known| *known.name == *name).map(|known| &known.book)
            }
            Self::CommonName(common_name) => {
                let known = policy.common_names.get(common_name);
                known.filter(|known| *known.name == *name).map(|known| &known.book)
            }
            Self::Anonymous => Some(&policy.anonymous),
            Self::External => None,
            Self::Token { claims, .. } => {
                let jwt =
                    policy.jwt.as_ref().filter(|jwt| jwt.tokens.trusts(&claims.credential))?;
                let roles = claims.roles.iter().filter_map(|role| jwt.roles.get(role.as_str()));
                let admin = claims.roles.iter().any(|role| role == ADMIN);
                let of_admin = RuleBook::of_admin().filter(|_| admin);
                let more = claims.rules.iter().chain(roles.flatten()).cloned().chain(of_admin);
                return Some(Cow::Owned(jwt.everybody.with(more, admin)));
            }
        };
        kept.map(Cow::Borrowed)
    }

    /// Whether the rules are the same for every client of the account.
    pub(crate) fn has_same_rules_for_all(&self, policy: &Policy, name: &str) -> bool {
        match self {
            Self::User(_) => policy.users.get(name).is_some_and(|u| u.book.is_same_for_all()),
            Self::Device(_) => policy.devices.get(name).is_some_and(|d| d.book.is_same_for_all()),
            Self::Anonymous => policy.anonymous.is_same_for_all(),
            Self::Subject(_) | Self::CommonName(_) | Self::Token { .. } | Self::External => false,
        }
    }
}
