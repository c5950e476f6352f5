//! What operators ask of the broker: its clients and sessions.

use crate::OrgId;

/// In which order clients are listed; those of the same rank by client id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ClientOrder {
    /// By client id.
    #[default]
    ClientId,
    /// Most lost messages first.
    Dropped,
    /// Most waiting bytes first.
    Queued,
    /// Most publishes first.
    MessagesIn,
    /// Most deliveries first.
    MessagesOut,
}

impl ClientOrder {
    /// Every order by its stable name.
    pub const ALL: [(&'static str, Self); 5] = [
        ("clientId", Self::ClientId),
        ("dropped", Self::Dropped),
        ("queued", Self::Queued),
        ("messagesIn", Self::MessagesIn),
        ("messagesOut", Self::MessagesOut),
    ];
}

/// Which sessions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SessionQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// Only those with this in their client id.
    pub client_id: Option<String>,
    /// Only those whose client is connected, or only those whose client is not.
    pub connected: Option<bool>,
    /// Only those after this client id, in the order of pages.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}
