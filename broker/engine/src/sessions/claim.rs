//! A claim to a client id that a connection of another core holds.

use uns_model::OrgId;

use crate::key::Address;

/// A client id that is being taken over from another core.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) org: OrgId,
    pub(crate) client_id: Box<str>,
    /// Who holds it there.
    pub(crate) awaited: Address,
}
