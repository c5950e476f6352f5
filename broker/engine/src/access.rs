//! What a client may publish and receive: the hook behind which policies live.

use std::fmt;
use std::sync::{Arc, LazyLock};

pub use uns_model::Coverage;

/// What somebody wants to do with a topic.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Action {
    /// Publish to it.
    Publish,
    /// Receive what is published there.
    Receive,
}

/// What one identity may do. Asked on a core thread, so it must be quick and must not block; the
/// answers are remembered until [`Broker::policy_changed`](crate::Broker::policy_changed). The
/// same `Arc` for all who have the same rights lets the cores remember them once.
pub trait Access: Send + Sync + fmt::Debug {
    /// Whether this may be done with a topic.
    fn allows(&self, action: Action, topic: &str) -> bool;

    /// How much of what a filter matches may be received: of nothing, the subscription is refused; of a
    /// part, the other topics are left out. For a shared subscription, this is the filter after its
    /// group.
    fn covers(&self, filter: &str) -> Coverage;

    /// What the log keeps beside the account of whoever leaves a will, where the account alone does not
    /// tell the rights: [`Authenticate::rights_of`](crate::Authenticate::rights_of) finds them by it
    /// again. It is no secret and has no control characters.
    fn noted(&self) -> Option<String> {
        None
    }

    /// Whether the identity has lost the right to be connected. Looked at a few times a second.
    fn is_revoked(&self) -> bool {
        false
    }
}

/// Everything is allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Everything;

impl Everything {
    /// The one instance everybody shares.
    pub fn shared() -> Arc<dyn Access> {
        Arc::clone(Self::shared_ref())
    }

    pub(crate) fn shared_ref() -> &'static Arc<dyn Access> {
        static SHARED: LazyLock<Arc<dyn Access>> = LazyLock::new(|| Arc::new(Everything));
        &SHARED
    }
}

impl Access for Everything {
    fn allows(&self, _: Action, _: &str) -> bool {
        true
    }

    fn covers(&self, _: &str) -> Coverage {
        Coverage::All
    }
}
