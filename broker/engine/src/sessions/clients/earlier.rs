//! What a client that connects has of the session before.

use uns_model::SessionNo;

use super::{ClientRef, Clients, Found, Parked};

/// What a client that connects has of the session before.
#[derive(Debug)]
pub(crate) enum Earlier {
    /// It goes on.
    GoesOn(SessionNo, Parked),
    /// It ends now, and this is what it left: its client begins anew, or is of another account.
    EndsNow(SessionNo, Parked),
    /// It has ended before, wherever that was, and the log does not know that yet.
    HasEnded(SessionNo),
    /// There is none.
    Nothing,
}

impl Clients {
    /// What a client whose connection holds the client id has of the session before.
    pub(crate) fn earlier(&self, client: ClientRef<'_>, clean_start: bool) -> Earlier {
        let ClientRef { org, client_id } = client;
        match self.resume(org, client_id) {
            Some(Found { session, parked, own }) if clean_start || !own => {
                self.end_now(client, session, true);
                Earlier::EndsNow(session, parked)
            }
            Some(Found { session, parked, .. }) => Earlier::GoesOn(session, parked),
            None => self.ending(org, client_id).map_or(Earlier::Nothing, Earlier::HasEnded),
        }
    }
}
