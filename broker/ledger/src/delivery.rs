//! What the ledger and the cores tell each other: which connection has a session, and what it is owed.

use std::sync::Arc;

use fabric::DueWill;
use uns_model::{OrgId, Sequence, SessionNo};

use crate::{Ids, LoggedPublish};

/// The largest packet id that the ledger uses. Larger ones are free for other deliveries.
pub const PACKET_ID_MAX: u16 = 49_151;

/// Identifies a connection to its core. It is opaque to the ledger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The core whose [`Outlet::deliver`] reaches it.
    pub core: u16,
    /// Its slot there.
    pub slot: u32,
    /// Tells apart the connections that had the slot.
    pub generation: u32,
}

/// Asks to feed a connection with what its session is owed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attach {
    /// The session.
    pub session: SessionNo,
    /// The commit of the `Opened` or `Resumed` of this connection. The ledger feeds it once the fold is
    /// there.
    pub at: Sequence,
    /// The connection.
    pub place: Place,
    /// The most deliveries under way; the ledger's own limit may be lower.
    pub window: u16,
}

/// What a core gets. Deliveries of a session are in order.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// The session is not known, or has ended. Nothing else will come.
    Gone {
        /// The connection.
        place: Place,
        /// The session it asked for.
        session: SessionNo,
    },
    /// A publish that the session is owed.
    Publish {
        /// The connection.
        place: Place,
        /// The sequence that `Settled` and `Released` name.
        sequence: Sequence,
        /// The same for every attempt, up to [`PACKET_ID_MAX`].
        packet_id: u16,
        /// 1 or 2.
        qos: u8,
        /// Whether RETAIN of the publish passes to this session.
        retain: bool,
        /// Whether it may have been sent before.
        dup: bool,
        /// Subscription identifiers.
        ids: Ids,
        /// What was published.
        message: Arc<LoggedPublish>,
    },
    /// PUBREL must be sent again: PUBREC came on an earlier connection, and PUBCOMP did not.
    Release {
        /// The connection.
        place: Place,
        /// The sequence that `Settled` names.
        sequence: Sequence,
        /// Its packet id.
        packet_id: u16,
    },
    /// Deliveries were dropped while the session was connected.
    Lost {
        /// The connection.
        place: Place,
        /// How many.
        count: u64,
        /// Whether the session was owed as much as it may be; otherwise the log has lost the record.
        over_quota: bool,
    },
}

/// A message that an ended session was owed as the member of a share. It is for another member.
#[derive(Clone, Debug)]
pub struct PassOn {
    /// The session that has ended.
    pub session: SessionNo,
    /// The sequence that `Settled` of that session names once another session is owed the message, or
    /// it is lost.
    pub sequence: Sequence,
    /// The filter of the share, with `$share/` and its group's name.
    pub share: Arc<str>,
    /// What was published.
    pub message: Arc<LoggedPublish>,
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
            Self::Gone { place, .. }
            | Self::Publish { place, .. }
            | Self::Release { place, .. }
            | Self::Lost { place, .. } => place,
        }
    }
}

/// Takes deliveries, due wills and expired sessions. It is called on the thread of the ledger, so it
/// must not block.
pub trait Outlet: Send + Sync {
    /// Hands a batch to a core.
    ///
    /// # Errors
    /// Returns the batch if the inbox of the core is full. The ledger offers it again later.
    fn deliver(&self, core: u16, batch: Vec<Delivery>) -> Result<(), Vec<Delivery>>;

    /// A will is due, since its delay is over or its session has ended. A core publishes it and appends
    /// `WillGone` in the same batch. Returns `false` if no core took it; the ledger offers it again.
    fn will(&self, will: &DueWill) -> bool;

    /// A message is for another member of its share. A core chooses one, and appends `Settled` in the
    /// same batch as the record that makes the message owed. Returns `false` if no core took it; the
    /// ledger offers it again.
    fn pass_on(&self, one: &PassOn) -> bool;

    /// A session has expired: a core appends `Ended`, unless the session is connected again. The
    /// ledger asks again from time to time until the log says that it has ended.
    fn expired(&self, expired: &Expired);
}
