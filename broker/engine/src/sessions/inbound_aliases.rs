//! The topic aliases that a client uses in what it publishes.

use std::num::NonZeroU16;
use std::rc::Rc;

use broker_codec::{Publish, ReasonCode};

use crate::config::Config;

/// What the aliases of one client stand for.
#[derive(Debug, Default)]
pub(crate) struct InboundAliases {
    /// By alias.
    topics: Vec<Option<Rc<str>>>,
    /// Bytes of the topics.
    bytes: usize,
}

impl InboundAliases {
    /// The topic of an alias, if it has one.
    pub(crate) fn topic(&self, alias: NonZeroU16) -> Option<&Rc<str>> {
        self.topics.get(usize::from(alias.get()))?.as_ref()
    }

    /// The topic of a PUBLISH that has an alias alone. Learns the alias of one that has a topic too, unless
    /// there is no memory for it.
    pub(crate) fn resolve(
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
            let known = self.topic(alias).cloned();
            return known.map(Some).ok_or(ReasonCode::ProtocolError);
        }
        let known = self.topic(alias).map(|topic| &**topic);
        let learnt = known.map_or(0, str::len);
        let is_new = known != Some(publish.topic);
        // What the hub remembers for a client is bounded in bytes, too.
        let bytes = self.bytes + publish.topic.len() - learnt;
        if is_new && (!learns || bytes > config.alias_bytes_max) {
            return Err(ReasonCode::QuotaExceeded);
        }
        self.bytes = bytes;
        if self.topics.len() <= index {
            self.topics.resize(index + 1, None);
        }
        if let Some(place) = self.topics.get_mut(index)
            && place.as_deref() != Some(publish.topic)
        {
            *place = Some(publish.topic.into());
        }
        Ok(None)
    }
}
