//! Sessions between two connections, while the log still decides about the first one.

use uns_model::{OrgId, SessionNo};

use crate::key::Address;

/// A connection that went before the log had decided about its new session, or about all it published with
/// QoS 2. Until then nobody knows what of it is taken, so its session does not go on elsewhere.
#[derive(Debug)]
pub(crate) struct Departing {
    pub(crate) org: OrgId,
    pub(crate) client_id: Box<str>,
    pub(crate) session: SessionNo,
    /// Whether the session began with it, and the log has not confirmed that.
    pub(crate) is_new: bool,
    /// Publishes that are not decided, and the beginning of the session; at least one.
    pub(crate) undecided: u32,
    /// Connections that want the session.
    pub(crate) waiting: Vec<Address>,
}
