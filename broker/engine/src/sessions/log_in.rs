//! Who a connection is, and how it has shown that.

use super::phase::Conversation;
use crate::login::Identity;
use crate::routing::policy::PolicyNo;

/// The log-in of a connection.
#[derive(Debug, Default)]
pub(crate) struct LogInState {
    /// Who it is, once that is known.
    pub(crate) identity: Option<Identity>,
    /// The number of its rights on this core.
    pub(crate) policy: PolicyNo,
    /// The method of its enhanced authentication.
    pub(crate) method: Option<Box<str>>,
    /// It authenticates again while it is connected.
    pub(crate) again: Option<Box<Conversation>>,
    /// Whether its log-in came with a secret.
    pub(crate) has_secret: bool,
}
