//! Enhanced authentication: the data that client and method exchange, bounded in number and size (TRAP-21).

use std::fmt;
use std::time::Duration;

use broker_codec::ReasonCode;

use super::connect_request::ConnectRequest;
use crate::login::{Exchange, Identity, Step};

/// Longest name of a method. All registered ones are far shorter.
pub(crate) const METHOD_BYTES_MAX: usize = 128;
/// Packets of the client in one exchange.
const STEPS_MAX: u8 = 16;

/// Enhanced authentication under way.
pub(crate) struct Conversation {
    exchange: Box<dyn Exchange>,
    /// When it began.
    pub(crate) since: Duration,
    /// Packets of the client in it.
    steps: u8,
}

/// A log-in by enhanced authentication that is not over.
#[derive(Debug)]
pub(crate) struct LogInUnderWay {
    pub(crate) request: ConnectRequest,
    pub(crate) conversation: Conversation,
}

/// What one packet of the client came to.
#[derive(Debug)]
pub(crate) struct Answered {
    /// Whose account it is about, if this packet has told.
    pub(crate) named: Option<Box<str>>,
    pub(crate) outcome: Outcome,
}

/// What the method says to the client's data.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The client is sent this, and asked for more.
    Continue(Vec<u8>),
    /// It is known who the client is, and it is sent this.
    Done(Identity, Vec<u8>),
    /// The client is refused.
    Refused(ReasonCode),
}

impl Conversation {
    pub(crate) fn new(exchange: Box<dyn Exchange>, now: Duration) -> Self {
        Self { exchange, since: now, steps: 0 }
    }

    /// Lets the method look at the client's data. What it answers is bounded as well.
    pub(crate) fn step(&mut self, data: &[u8], bytes_max: usize) -> Answered {
        let was_named = self.exchange.name().is_some();
        let outcome = self.outcome(data, bytes_max);
        let named = if was_named { None } else { self.exchange.name().map(Into::into) };
        Answered { named, outcome }
    }

    fn outcome(&mut self, data: &[u8], bytes_max: usize) -> Outcome {
        self.steps += 1;
        if self.steps > STEPS_MAX || data.len() > bytes_max {
            return Outcome::Refused(ReasonCode::NotAuthorized);
        }
        match self.exchange.step(data) {
            Step::Continue(data) | Step::Done { data, .. } if data.len() > bytes_max => {
                Outcome::Refused(ReasonCode::ImplementationSpecificError)
            }
            Step::Continue(data) => Outcome::Continue(data),
            Step::Done { identity, data } => Outcome::Done(identity, data),
            Step::Refused(reason) => Outcome::Refused(reason),
        }
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation").field("steps", &self.steps).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Repeats what the client says, and knows a name once it has said something.
    #[derive(Default)]
    struct Echo(Option<String>);

    impl Exchange for Echo {
        fn step(&mut self, data: &[u8]) -> Step {
            self.0 = Some("anna".to_owned()).filter(|_| !data.is_empty());
            Step::Continue(data.repeat(2))
        }

        fn name(&self) -> Option<&str> {
            self.0.as_deref()
        }
    }

    fn echo() -> Conversation {
        Conversation::new(Box::new(Echo::default()), Duration::ZERO)
    }

    #[test]
    fn the_name_is_told_by_the_packet_that_has_it() {
        let mut conversation = echo();
        let said = ["", "x", "y"].map(|data| conversation.step(data.as_bytes(), 10).named);
        assert_eq!(said.each_ref().map(Option::as_deref), [None, Some("anna"), None]);
    }

    #[test]
    fn packets_are_bounded_in_number_and_size() {
        let refused = |answered: Answered| match answered.outcome {
            Outcome::Refused(reason) => Some(reason),
            Outcome::Continue(_) | Outcome::Done(..) => None,
        };
        let mut conversation = echo();
        for _ in 0..STEPS_MAX {
            assert_eq!(refused(conversation.step(b"x", 2)), None);
        }
        assert_eq!(refused(conversation.step(b"x", 2)), Some(ReasonCode::NotAuthorized));
        assert_eq!(refused(echo().step(b"xyz", 2)), Some(ReasonCode::NotAuthorized));
        let answer_too_long = ReasonCode::ImplementationSpecificError;
        assert_eq!(refused(echo().step(b"xy", 2)), Some(answer_too_long));
    }
}
