//! What cores ask of the ledger's thread: at most one command for each session, the newest.

use crate::{Attach, Place};

/// A command for one session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Command {
    /// Feed this connection.
    Attach(Attach),
    /// Do not feed this connection any more; `None` stands for any connection.
    Detach(Option<Place>),
}

impl Command {
    /// The command when a connection is gone. `before` is the last one, if it was not applied yet.
    pub(crate) fn detach(before: Option<Self>, place: Place) -> Self {
        match before {
            None => Self::Detach(Some(place)),
            Some(Self::Attach(attach)) if attach.place != place => Self::Attach(attach),
            Some(Self::Detach(Some(same))) if same == place => Self::Detach(Some(place)),
            // The connection that is gone had replaced another one, or both are gone.
            Some(_) => Self::Detach(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use uns_model::{Sequence, SessionNo};

    use super::*;

    fn place(slot: u32) -> Place {
        Place { core: 0, slot, generation: 1 }
    }

    #[test]
    fn the_newest_connection_wins() {
        let attach = |slot| {
            let at = Sequence(1);
            Command::Attach(Attach { session: SessionNo(1), at, place: place(slot), window: 9 })
        };
        let gone = |before| Command::detach(before, place(1));
        assert_eq!(gone(None), Command::Detach(Some(place(1))));
        assert_eq!(gone(Some(attach(1))), Command::Detach(None));
        assert_eq!(gone(Some(attach(2))), attach(2));
        assert_eq!(gone(Some(gone(None))), gone(None));
        assert_eq!(gone(Some(Command::Detach(Some(place(2))))), Command::Detach(None));
        assert_eq!(gone(Some(Command::Detach(None))), Command::Detach(None));
    }
}
