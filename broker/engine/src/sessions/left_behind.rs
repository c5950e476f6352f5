//! What a session that has ended was owed as the member of a share: another member gets it.

use uns_model::{PublisherId, Sequence, SessionNo};

use crate::outbound::feed::FedPublish;
use crate::routing::tree::ShareName;

/// What a session that has ended was owed as the member of a share.
#[derive(Clone, Debug)]
pub struct LeftBehind {
    /// The session.
    pub session: SessionNo,
    /// What is settled in the log once it is somebody else's.
    pub sequence: Sequence,
    /// The share.
    pub share: ShareName,
    /// Who published.
    pub publisher: PublisherId,
    /// The message, with the QoS it was published with.
    pub publish: FedPublish,
}
