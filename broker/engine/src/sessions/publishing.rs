//! What a client may still publish, and the topics it has given aliases.

use std::rc::Rc;

use broker_codec::{Publish, QoS, ReasonCode, Version};

use super::connection::Connection;
use crate::config::Config;
use crate::forgive::{Forgiven, pass_over};
use crate::stats::{Leniency, Stats};

/// What a publish beyond the receive maximum means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Excess {
    /// 3.1.1 knows no maximum: it is read later.
    Wait,
    /// CONNACK said how many there may be.
    Error,
}

impl<N> Connection<N> {
    /// Whether one more publish is too many unanswered: it waits in 3.1.1, and is an error in 5,
    /// where CONNACK said how many there may be, unless its listener passes over that.
    pub(crate) fn excess(
        &mut self,
        publish: &Publish<'_>,
        max: u16,
        noted: (&mut Stats, &mut Vec<Forgiven>),
    ) -> Option<Excess> {
        let forgives =
            |one: &mut Self| pass_over(&mut one.offender(), noted, Leniency::ReceiveMaximum);
        self.over_receive_maximum(publish, max)
            .filter(|excess| *excess == Excess::Wait || !forgives(self))
    }

    fn over_receive_maximum(&self, publish: &Publish<'_>, max: u16) -> Option<Excess> {
        let repeated = publish.qos == QoS::ExactlyOnce
            && publish.packet_id.is_some_and(|id| self.received.is_repeated(id));
        let unanswered = self.unacknowledged_qos1 as usize + self.received.len();
        // However lenient its listener is, a packet identifier is one of so many.
        if self.unacknowledged >= u32::from(u16::MAX) {
            return Some(Excess::Wait);
        }
        match self.version {
            Version::V5 => (unanswered >= usize::from(max) && !repeated).then_some(Excess::Error),
            Version::V31 | Version::V311 => {
                (self.unacknowledged >= u32::from(max)).then_some(Excess::Wait)
            }
        }
    }

    /// The topic of a PUBLISH, by its alias if it has only that; learns new aliases, unless there
    /// is no memory for them.
    pub(crate) fn aliased(
        &mut self,
        publish: &Publish<'_>,
        config: &Config,
        learns: bool,
    ) -> Result<Option<Rc<str>>, ReasonCode> {
        let Some(alias) = publish.properties.topic_alias else { return Ok(None) };
        if alias.get() > config.topic_alias_maximum {
            return Err(ReasonCode::TopicAliasInvalid);
        }
        let index = usize::from(alias.get());
        if publish.topic.is_empty() {
            let known = self.aliases.get(index).cloned().flatten();
            return known.map(Some).ok_or(ReasonCode::ProtocolError);
        }
        let known = self.aliases.get(index).and_then(Option::as_deref);
        let learnt = known.map_or(0, str::len);
        let is_new = known != Some(publish.topic);
        // What a client has the hub remember is bounded, in bytes too.
        let bytes = self.alias_bytes + publish.topic.len() - learnt;
        if is_new && (!learns || bytes > config.alias_bytes_max) {
            return Err(ReasonCode::QuotaExceeded);
        }
        self.alias_bytes = bytes;
        if self.aliases.len() <= index {
            self.aliases.resize(index + 1, None);
        }
        if let Some(place) = self.aliases.get_mut(index)
            && place.as_deref() != Some(publish.topic)
        {
            *place = Some(publish.topic.into());
        }
        Ok(None)
    }
}
