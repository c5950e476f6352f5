//! Who a connection is, and how it has shown that.

use broker_codec::{Auth, ReasonCode};

use super::conversation::Conversation;
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

/// What an AUTH of a connected client means.
#[derive(Debug)]
pub(crate) enum AuthAgain {
    /// It begins to authenticate again.
    Begins,
    /// It goes on with that.
    GoesOn(Box<Conversation>),
}

impl LogInState {
    /// AUTH came from a connected client.
    ///
    /// # Errors
    /// Nobody authenticates again who did not authenticate so before [MQTT-4.12.1-1], or by two exchanges at
    /// once.
    pub(crate) fn auth_again(&mut self, auth: &Auth<'_>) -> Result<AuthAgain, ReasonCode> {
        if self.method.is_none() || !self.is_method_of(auth) {
            return Err(ReasonCode::ProtocolError);
        }
        match (auth.reason, self.again.take()) {
            (ReasonCode::ContinueAuthentication, Some(conversation)) => {
                Ok(AuthAgain::GoesOn(conversation))
            }
            (ReasonCode::ReAuthenticate, None) => Ok(AuthAgain::Begins),
            _ => Err(ReasonCode::ProtocolError),
        }
    }

    /// Whether AUTH names the method of this log-in.
    pub(super) fn is_method_of(&self, auth: &Auth<'_>) -> bool {
        self.method.as_deref() == auth.properties.authentication_method
    }

    /// Whether this is who logged in: client id, session and subscriptions belong to who came first.
    pub(crate) fn is_same_account(&self, identity: &Identity) -> bool {
        let same =
            |before: &Identity| before.org == identity.org && before.account == identity.account;
        self.identity.as_ref().is_some_and(same)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use broker_codec::AuthProperties;

    use super::*;
    use crate::login::{Exchange, Step};

    struct Silent;

    impl Exchange for Silent {
        fn step(&mut self, _: &[u8]) -> Step {
            Step::Continue(Vec::new())
        }
    }

    fn conversation() -> Option<Box<Conversation>> {
        Some(Box::new(Conversation::new(Box::new(Silent), Duration::ZERO)))
    }

    /// What AUTH comes to: whether a new exchange begins.
    fn check(method: Option<&str>, under_way: bool, said: (ReasonCode, &str)) -> Option<bool> {
        let (reason, named) = said;
        let again = conversation().filter(|_| under_way);
        let mut log_in =
            LogInState { method: method.map(Into::into), again, ..LogInState::default() };
        let properties =
            AuthProperties { authentication_method: Some(named), ..AuthProperties::default() };
        let auth = log_in.auth_again(&Auth { reason, properties }).ok()?;
        Some(matches!(auth, AuthAgain::Begins))
    }

    #[test]
    fn only_the_same_method_authenticates_again_and_one_exchange_at_a_time() {
        const BEGINS: ReasonCode = ReasonCode::ReAuthenticate;
        const GOES_ON: ReasonCode = ReasonCode::ContinueAuthentication;
        assert_eq!(check(Some("a"), false, (BEGINS, "a")), Some(true));
        assert_eq!(check(Some("a"), true, (GOES_ON, "a")), Some(false));
        assert_eq!(check(None, false, (BEGINS, "a")), None, "it logged in by a password");
        assert_eq!(check(Some("a"), false, (BEGINS, "b")), None);
        assert_eq!(check(Some("a"), false, (GOES_ON, "a")), None, "nothing has begun");
        assert_eq!(check(Some("a"), true, (BEGINS, "a")), None, "one is under way");
        assert_eq!(check(Some("a"), false, (ReasonCode::Success, "a")), None);
    }
}
