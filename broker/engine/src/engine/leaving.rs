//! Sessions between two connections, while the log still decides about the first one's publishes.

use uns_model::{OrgId, SessionNo};

use crate::key::Address;

/// A connection that went before the log had decided about all it published with QoS 2. Until then
/// nobody knows which of it is taken, so its session does not go on elsewhere.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) org: OrgId,
    pub(super) client_id: Box<str>,
    pub(super) session: SessionNo,
    /// Publishes that are not decided; at least one.
    pub(super) undecided: u32,
    /// Connections that want the session.
    pub(super) waiting: Vec<Address>,
}
