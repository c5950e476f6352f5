//! Between the ledger and the cores: who is connected where, and what is handed to them.

use std::sync::Arc;

use uns_model::{OrgId, Sequence, SessionNo};

use crate::{DueWill, Ids, Logged, Subscription};

/// The largest packet id the ledger uses: those above are free for other deliveries.
pub const PACKET_ID_MAX: u16 = 49_151;

/// A connection, as its core knows it; opaque to the ledger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The core whose [`Outlet::deliver`] reaches it.
    pub core: u16,
    /// Its slot there.
    pub slot: u32,
    /// Which of the connections that had the slot.
    pub generation: u32,
}

/// A connection wants what its session is owed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attach {
    /// The session.
    pub session: SessionNo,
    /// Acted upon once the fold is here: the commit of the `Opened` or `Resumed` of this
    /// connection.
    pub at: Sequence,
    /// The connection.
    pub place: Place,
    /// At most so many deliveries under way; the ledger's own bound may be lower.
    pub window: u16,
}

/// What a core gets, in order per session.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// The first of a connection: the session's state as of the log.
    Attached {
        /// The connection.
        place: Place,
        /// Its session.
        session: SessionNo,
        /// QoS 2 packet ids received from the client and not released, ascending.
        took: Vec<u16>,
        /// Its subscriptions, by filter.
        subscriptions: Vec<Subscription>,
        /// How many deliveries were dropped since its last connection ended.
        lost: u64,
    },
    /// The session is not known, or has ended: nothing else will come.
    Gone {
        /// The connection.
        place: Place,
        /// The session it asked for.
        session: SessionNo,
    },
    /// A publish it is owed.
    Publish {
        /// The connection.
        place: Place,
        /// What `Settled` and `Released` name.
        sequence: Sequence,
        /// The same for every attempt, up to [`PACKET_ID_MAX`].
        packet_id: u16,
        /// 1 or 2.
        qos: u8,
        /// Whether RETAIN of the publish passes to this session.
        retain: bool,
        /// It may have been sent before.
        dup: bool,
        /// Subscription identifiers.
        ids: Ids,
        /// What was published.
        message: Arc<Logged>,
    },
    /// PUBREC came on an earlier connection and PUBCOMP did not: PUBREL again.
    Release {
        /// The connection.
        place: Place,
        /// What `Settled` names.
        sequence: Sequence,
        /// Its packet id.
        packet_id: u16,
    },
    /// Something it was owed was dropped while it was connected.
    Lost {
        /// The connection.
        place: Place,
        /// How many.
        count: u64,
        /// Whether it was owed as much as it may be; else the log does not have it any more.
        over_quota: bool,
    },
}

/// What a session that has ended was owed as the member of a share: it is for another member.
#[derive(Clone, Debug)]
pub struct PassOn {
    /// The session that has ended.
    pub session: SessionNo,
    /// What `Settled` of that session names once it is owed to somebody else, or lost.
    pub sequence: Sequence,
    /// The filter of the share, with `$share/` and its group's name.
    pub share: Arc<str>,
    /// What was published.
    pub message: Arc<Logged>,
}

/// A session whose expiry interval is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expired {
    /// The session.
    pub session: SessionNo,
    /// Its organisation.
    pub org: OrgId,
    /// Its client id.
    pub client_id: Arc<str>,
}

impl Delivery {
    /// The connection it is for.
    pub fn place(&self) -> Place {
        match *self {
            Self::Attached { place, .. }
            | Self::Gone { place, .. }
            | Self::Publish { place, .. }
            | Self::Release { place, .. }
            | Self::Lost { place, .. } => place,
        }
    }
}

/// Where deliveries, due wills and expired sessions go. Called on the ledger's thread; none may
/// block.
pub trait Outlet: Send + Sync {
    /// Hands a batch to a core.
    ///
    /// # Errors
    /// Gives the batch back when the core's inbox is full; it is offered again later.
    fn deliver(&self, core: u16, batch: Vec<Delivery>) -> Result<(), Vec<Delivery>>;

    /// The delay of a will is over, or its session has ended: somebody publishes it and appends
    /// `WillGone` in the same batch. `false` when nobody could take it: it is offered again.
    fn will(&self, will: &DueWill) -> bool;

    /// Another member of a share is to get this: somebody chooses one, and appends `Settled` in the
    /// same batch as what makes it owed. `false` when nobody could take it: it is offered again.
    fn pass_on(&self, one: &PassOn) -> bool;

    /// A session has expired: a core appends `Ended`, unless the session is connected again. The
    /// ledger asks again from time to time until the log says that it has ended.
    fn expired(&self, expired: &Expired);
}
