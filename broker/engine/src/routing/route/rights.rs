//! Who may receive a topic.

use std::sync::Arc;

use crate::access::{Access, Action};
use crate::access_guard;
use crate::dead_letter::subject;
use crate::routing::tree::Subscriber;

/// Asks the rights of subscribers to one topic, which many in a row often have in common.
#[derive(Debug)]
pub(super) struct ReceiveRights<'a> {
    topic: &'a str,
    last: Option<(Arc<dyn Access>, bool)>,
}

impl<'a> ReceiveRights<'a> {
    pub(super) fn new(topic: &'a str) -> Self {
        Self { topic: subject(topic), last: None }
    }

    /// Where the rights are not known yet, they are asked when a message is sent.
    pub(super) fn may_receive(&mut self, subscriber: &Subscriber) -> bool {
        let Some(access) = subscriber.link.as_ref().and_then(|link| link.access()) else {
            return true;
        };
        if let Some((last, may)) = &self.last
            && Arc::ptr_eq(last, &access)
        {
            return *may;
        }
        let may = access_guard::allows(&*access, Action::Receive, self.topic);
        self.last = Some((access, may));
        may
    }
}
