//! Who publishes, and with which rights.

use std::sync::Arc;

use uns_model::{OrgId, PublisherId};

use crate::access::Access;
use crate::gate::Rights;
use crate::key::Key;
use crate::sessions::Sessions;
use crate::sessions::connection::Connection;

/// Whose publish it is.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Origin<'a> {
    pub(in crate::engine) org: OrgId,
    pub(in crate::engine) publisher: PublisherId,
    /// Whose the refused rows of a batch are.
    pub(in crate::engine) from: Publisher<'a>,
    pub(in crate::engine) rights: RightsOf<'a>,
    /// It is delivered only once its batch is committed, whatever its QoS: if the log refuses that, it is
    /// published again, and must not be delivered each time.
    pub(in crate::engine) awaits_commit: bool,
}

impl Origin<'_> {
    pub(super) fn of<N>(connection: &Connection<N>, key: Key) -> Self {
        let Connection { org, publisher, .. } = *connection;
        let (from, rights) = (Publisher::Connection(key), RightsOf::Connection(key));
        Self { org, publisher, from, rights, awaits_commit: false }
    }
}

/// Who is told what became of a publish.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum Publisher<'a> {
    /// A connection, which gets an answer.
    Connection(Key),
    /// A connection that ends.
    Ending(Key),
    /// Somebody in this process, or who left a will.
    Absent { org: OrgId, client_id: &'a str },
}

/// Who writes to a topic.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum Author<'a> {
    /// Somebody with these rights, which decide what a refusal tells.
    Client(RightsOf<'a>),
    /// The fabric, of which the broker is a part: it alone writes to `$…`.
    Fabric,
}

/// Who decides whether the rows of a batch may be published, and what a refusal may tell: whether the
/// topic itself may be published to was decided before.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum RightsOf<'a> {
    /// The log-in of a connection.
    Connection(Key),
    /// These. A publisher without rights publishes no rows, and a refusal tells it of no other topic.
    Absent(Option<&'a Arc<dyn Access>>),
}

impl<'a> RightsOf<'a> {
    /// The rights themselves.
    #[inline]
    pub(super) fn resolve<'s, N>(self, sessions: &'s Sessions<N>) -> Rights<'s>
    where
        'a: 's,
    {
        match self {
            Self::Connection(key) => {
                let identity = sessions.get(key).and_then(|c| c.log_in.identity.as_ref());
                Rights::of(identity.map(|identity| &identity.access))
            }
            Self::Absent(access) => Rights::of(access),
        }
    }
}
