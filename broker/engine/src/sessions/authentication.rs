//! CONNECT and the log-in of one connection, until it is known who it is.

use std::time::Duration;

use broker_codec::{Auth, Connect, ReasonCode, Version};
use uns_model::Timestamp;

use super::connect_request::ConnectRequest;
use super::connection::{About, Connection};
use super::conversation::LogInUnderWay;
use super::phase::Phase;
use crate::failed::FailedLogin;
use crate::guesses::Attempt;
use crate::tried::Proof;

impl<N> Connection<N> {
    /// CONNECT came: what it says of the connection itself.
    pub(crate) fn note_connect(&mut self, now: Timestamp, connect: &Connect<'_>) {
        let properties = &connect.properties;
        self.about = Some(Box::new(About {
            since: now,
            user_name: connect.user_name.map(Into::into),
            keep_alive: connect.keep_alive,
            clean_start: connect.clean_start,
            ..About::default()
        }));
        self.version = connect.version;
        self.bridge = connect.bridge && connect.version != Version::V5;
        self.problem_information = properties.request_problem_information.unwrap_or(true);
        self.log_in.has_secret =
            connect.password.is_some() || properties.authentication_method.is_some();
    }

    /// Whose account its log-in tries, and what it shows for it.
    pub(crate) fn note_attempt(&mut self, name: Option<Box<str>>, proof: Proof) {
        if let Some(about) = &mut self.about {
            (about.tried, about.proof) = (name, proof);
        }
    }

    /// Its log-in, as far as guessing is concerned.
    pub(crate) fn attempt(&self) -> Attempt<'_> {
        let about = self.about.as_deref();
        Attempt {
            address: &self.peer.address,
            name: about.and_then(|about| about.tried.as_deref()),
            proof: about.map_or(Proof::default(), |about| about.proof),
        }
    }

    /// The name whose secret it has shown, now that its log-in has succeeded.
    pub(crate) fn take_proved_name(&mut self) -> Option<Box<str>> {
        let tried = self.about.as_mut().and_then(|about| about.tried.take());
        tried.filter(|_| self.log_in.has_secret)
    }

    /// It did not prove again who it is: from now on its log-in tries that name.
    pub(crate) fn note_unproven(&mut self) {
        if let (Some(about), Some(identity)) = (&mut self.about, &self.log_in.identity) {
            about.tried = Some((*identity.name).into());
        }
    }

    /// Its failed log-in, as operators read of it.
    pub(crate) fn failed_login(&self, reason: ReasonCode) -> FailedLogin<'_> {
        FailedLogin {
            name: self.attempt().name,
            address: host(&self.peer.address),
            listener: &self.peer.listener,
            reason,
        }
    }

    /// Its log-in has failed. `false` if it is to hear that at once; else it does at a tick, after this time.
    /// A client that showed a secret is answered at a tick, whatever was wrong with it, so the time of the
    /// answer does not tell whether the name exists.
    pub(crate) fn delay_refusal(
        &mut self,
        now: Duration,
        reason: ReasonCode,
        wait: Duration,
    ) -> bool {
        let tells = matches!(reason, ReasonCode::BadUserNameOrPassword | ReasonCode::NotAuthorized);
        let delays = !wait.is_zero() || (self.log_in.has_secret && tells);
        if delays {
            self.phase = Phase::Refused(reason, now + wait);
        }
        delays
    }

    /// What its CONNECT asked for, if its log-in was being verified.
    pub(crate) fn take_verified(&mut self) -> Option<ConnectRequest> {
        match std::mem::replace(&mut self.phase, Phase::New) {
            Phase::Asking(request) => Some(*request),
            // It ended meanwhile.
            phase => {
                self.phase = phase;
                None
            }
        }
    }

    /// AUTH came before CONNACK: the log-in that goes on with it.
    ///
    /// # Errors
    /// It is not the next packet of that.
    pub(crate) fn take_log_in(
        &mut self,
        auth: &Auth<'_>,
    ) -> Result<Option<LogInUnderWay>, ReasonCode> {
        let goes_on =
            auth.reason == ReasonCode::ContinueAuthentication && self.log_in.is_method_of(auth);
        match std::mem::replace(&mut self.phase, Phase::New) {
            Phase::Exchanging(_) if !goes_on => Err(ReasonCode::ProtocolError),
            Phase::Exchanging(under_way) => Ok(Some(*under_way)),
            _ => Ok(None),
        }
    }
}

/// An address without its port.
fn host(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Peer;

    const SECOND: Duration = Duration::from_secs(1);

    /// Whether the client waits for the refusal of its log-in, and until when.
    fn check(has_secret: bool, reason: ReasonCode, wait: Duration) -> Option<Duration> {
        let mut connection = Connection::<()>::new(Peer::default(), SECOND);
        connection.log_in.has_secret = has_secret;
        let delays = connection.delay_refusal(SECOND, reason, wait);
        match connection.phase {
            Phase::Refused(told, at) => {
                assert!(delays && told == reason);
                Some(at)
            }
            _ => {
                assert!(!delays);
                None
            }
        }
    }

    #[test]
    fn the_time_of_a_refusal_does_not_tell_what_was_wrong_with_a_secret() {
        let (bad, banned) = (ReasonCode::BadUserNameOrPassword, ReasonCode::Banned);
        for reason in [bad, ReasonCode::NotAuthorized] {
            assert_eq!(check(true, reason, Duration::ZERO), Some(SECOND), "at the next tick");
            assert_eq!(check(false, reason, Duration::ZERO), None);
        }
        assert_eq!(check(true, banned, Duration::ZERO), None);
        assert_eq!(check(false, bad, SECOND), Some(SECOND * 2), "who guesses waits");
    }

    #[test]
    fn the_name_that_was_tried_is_proved_once_and_by_a_secret() {
        let mut connection = Connection::<()>::new(Peer::default(), SECOND);
        for has_secret in [false, true] {
            connection.about = Some(Box::default());
            connection.log_in.has_secret = has_secret;
            connection.note_attempt(Some("anna".into()), Proof::Secret);
            assert_eq!(connection.attempt().name, Some("anna"));
            assert_eq!(connection.take_proved_name().is_some(), has_secret);
            assert_eq!(connection.attempt().name, None);
        }
    }
}
