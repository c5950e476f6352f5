//! Who publishes, and with which rights.

use crate::access::Access;
use crate::key::Key;

/// Who writes to a topic.
#[derive(Clone, Copy, Debug)]
pub(super) enum Author<'a> {
    /// Somebody with these rights, which decide what a refusal tells.
    Client(Rights<'a>),
    /// The fabric, of which the broker is a part: it alone writes to `$…`.
    Fabric,
}

/// Who decides whether the rows of a batch may be published, and what a refusal may tell: whether the
/// topic itself may be published to was decided before.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum Rights<'a> {
    /// The log-in of a connection.
    Connection(Key),
    /// These, or whoever has none publishes no rows and is told of no other topic.
    Of(Option<&'a dyn Access>),
}
