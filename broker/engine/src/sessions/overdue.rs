//! How a connection runs out of time.

use std::time::Duration;

use broker_codec::ReasonCode;

use super::connection::Connection;
use super::conversation::Conversation;
use super::phase::Phase;
use crate::config::Config;
use crate::outbound::client::Outbound;

/// How a connection ran out of time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Overdue {
    /// Its CONNECT or its end takes too long, or it takes nothing: cut off without a word.
    Cut,
    /// Its log-in failed a while ago, and now it may know.
    Refused(ReasonCode),
    /// It does not prove again who it is.
    Unproven,
    /// It was silent for longer than its keep alive allows.
    Silent,
}

impl<N> Connection<N> {
    /// Whether it ran out of time.
    pub(crate) fn overdue(
        &self,
        outbound: &Outbound,
        config: &Config,
        now: Duration,
    ) -> Option<Overdue> {
        if self.is_closing() && outbound.output().is_empty() {
            return None;
        }
        let stuck = |since: Duration| now.saturating_sub(since) >= config.write_timeout;
        if outbound.blocked_since.is_some_and(stuck) {
            return Some(Overdue::Cut);
        }
        let silent = now.saturating_sub(self.heard);
        let unproven =
            |again: &Conversation| now.saturating_sub(again.since) >= config.handshake_timeout;
        match &self.phase {
            Phase::Up if self.log_in.again.as_deref().is_some_and(unproven) => {
                Some(Overdue::Unproven)
            }
            Phase::New | Phase::Asking(_) => {
                (silent >= config.handshake_timeout).then_some(Overdue::Cut)
            }
            Phase::Exchanging(under_way) => (now.saturating_sub(under_way.conversation.since)
                >= config.handshake_timeout)
                .then_some(Overdue::Cut),
            Phase::Refused(reason, at) => (now >= *at).then_some(Overdue::Refused(*reason)),
            Phase::Closing { .. } => {
                let limit = config.handshake_timeout.max(config.write_timeout);
                (silent >= limit && outbound.blocked_since.is_some()).then_some(Overdue::Cut)
            }
            Phase::Up if self.paused => None,
            Phase::Up => {
                self.silence_max.is_some_and(|max| silent >= max).then_some(Overdue::Silent)
            }
            Phase::Claiming(_) | Phase::Confirming(_) => None,
        }
    }
}
