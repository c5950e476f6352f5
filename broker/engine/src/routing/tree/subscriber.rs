//! Who holds a subscription, and what the tree knows of it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use uns_model::{OrgId, SessionNo};

use super::map::Map;
use crate::access::Access;
use crate::key::Address;

/// What a subscription asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wish {
    /// The QoS granted.
    pub qos: u8,
    /// Do not send the client its own messages.
    pub no_local: bool,
    /// Keep the RETAIN flag of the publisher.
    pub retain_as_published: bool,
    /// The Subscription Identifier.
    pub identifier: Option<NonZeroU32>,
}

/// What other cores may see of a connection.
#[derive(Debug, Default)]
pub struct Link {
    /// Set while publishers should pause: the connection is behind, and draining.
    pub congested: AtomicBool,
    /// Set while the connection is behind and nobody waits for it.
    pub slow: AtomicBool,
    access: RwLock<Option<Arc<dyn Access>>>,
}

impl Link {
    /// What its client may receive; `None` where that is asked when a message is sent.
    pub(crate) fn access(&self) -> Option<Arc<dyn Access>> {
        self.access.read().clone()
    }

    pub(crate) fn set_access(&self, access: &Arc<dyn Access>) {
        *self.access.write() = Some(Arc::clone(access));
    }

    pub(crate) fn is_congested(&self) -> bool {
        self.congested.load(Ordering::Relaxed)
    }

    /// 0 for a connection that keeps up; of two members of a share the lower is the better.
    pub(crate) fn burden(&self) -> u8 {
        u8::from(self.is_congested()) + 2 * u8::from(self.slow.load(Ordering::Relaxed))
    }
}

/// Under whose name a subscription is in the tree.
///
/// A client whose session ends with its connection has one entry, its connection's. A *durable*
/// session (one that outlives its connection) has an entry of its own from SUBSCRIBE to UNSUBSCRIBE
/// or to the session's end, connected or not, and while it is connected a second one, its
/// connection's. [`Subscriber::session`] names it in both. The first makes messages of an effective
/// QoS of 1 or 2 owed to it; the second delivers those of QoS 0. When it is resumed, both are
/// inserted, since its rights may have changed; when its connection goes, the second is removed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Holder {
    /// A connected client.
    Connection(Address),
    /// A durable session.
    Session(SessionNo),
}

/// One subscription as the tree holds it.
#[derive(Clone, Debug, Default)]
pub struct Subscriber {
    /// What it asks for.
    pub wish: Wish,
    /// The connection's visible state: in the entry of a session that of its last connection, none
    /// since the broker started.
    pub link: Option<Arc<Link>>,
    /// The durable session the client has, if it has one.
    pub session: Option<SessionNo>,
    /// The number of the walk over retained messages that came with it. A publish that finds this entry
    /// was made after it.
    pub walk: u64,
}

impl Subscriber {
    /// Whether the entry is the second one of a subscription.
    pub(crate) fn is_second(&self, who: Holder) -> bool {
        matches!(who, Holder::Connection(_)) && self.session.is_some()
    }
}

pub(super) type Subscribers = Map<Holder, Subscriber>;

/// Which share: its filter is spelled as its members did, with `$share/group/` before it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ShareName {
    /// Whose.
    pub org: OrgId,
    /// Group name and filter.
    pub filter: Box<str>,
}

/// The members of one share: the same group name and the same filter (TRAP-15).
#[derive(Clone, Debug, Default)]
pub struct Group {
    pub(super) members: Subscribers,
    pub(super) name: Arc<ShareName>,
}

impl Group {
    /// Its name.
    pub(crate) fn name(&self) -> &Arc<ShareName> {
        &self.name
    }

    /// Visits every entry, in no order.
    pub fn for_each(&self, visit: &mut dyn FnMut(Holder, &Subscriber)) {
        self.members.for_each(&mut |who, subscriber| visit(*who, subscriber));
    }
}

/// What a topic matches.
#[derive(Clone, Copy, Debug)]
pub enum Matched<'a> {
    /// A subscription of its own; once per matching filter.
    One(Holder, &'a Subscriber),
    /// A share, one member of which gets the message. The same share is the same `Arc`.
    Group(&'a Arc<Group>),
}

/// Called with everything a topic matches.
pub type Visit<'a> = dyn FnMut(Matched<'_>) + 'a;
