//! The operator purges topics and branches while publishes to them are under way.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use uns_model::OrgId;

use super::{Actor, Purge, World};

impl World {
    /// The operator purges a topic, or all below its first two levels.
    pub(super) fn begin_purge(&mut self) {
        let topics = self.journal.topics().filter(|topic| topic.starts_with("t/"));
        let topics: Vec<_> = topics.collect();
        if self.purge.is_some() || topics.is_empty() {
            return;
        }
        let topic = topics[self.choices.below(topics.len())];
        let branch = topic.rsplit_once('/').map_or(topic, |(branch, _)| branch);
        let path = if self.choices.one_in(3) { branch } else { topic }.to_owned();
        self.note(Actor::Operator, format_args!("purges {path}"));
        let namespace = Arc::clone(&self.machine.hub().namespace);
        let (nodes, of) = (self.journal.living_below(&path), path.clone());
        // Refused on a full disk, and nobody asks again.
        let under_way =
            Box::pin(async move { namespace.delete(OrgId::DEFAULT, &of, true).await.is_ok() });
        self.purge = Some(Purge { path, nodes, under_way });
    }

    /// The purge goes on as far as it can without waiting.
    pub(super) fn go_on_purging(&mut self) -> Result<(), String> {
        let mut context = Context::from_waker(Waker::noop());
        let Some(purge) = &mut self.purge else { return Ok(()) };
        let Poll::Ready(is_done) = purge.under_way.as_mut().poll(&mut context) else {
            return Ok(());
        };
        let Some(Purge { path, nodes, .. }) = self.purge.take() else { return Ok(()) };
        self.note(Actor::Operator, format_args!("has purged {path}, {is_done}"));
        match nodes.iter().find(|node| is_done && !self.journal.is_deleted(**node)) {
            Some(node) => Err(format!("{path} was purged, and {node:?} lives on")),
            None => Ok(()),
        }
    }
}
