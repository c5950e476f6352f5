//! The streams a data directory keeps, one log each.

/// Which log: each stream has its own directory, sequences and retention.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stream {
    /// Everything accepted: publishes, minted nodes, session deltas.
    Data,
    /// Records still owed to offline sessions when `Data` drops them.
    Owed,
    /// What could not be delivered.
    Dead,
    /// What happened in the hub.
    Events,
    /// Who did what.
    Audit,
}

impl Stream {
    /// Every stream.
    pub const ALL: [Self; 5] = [Self::Data, Self::Owed, Self::Dead, Self::Events, Self::Audit];

    /// Its name, also the name of its directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Owed => "owed",
            Self::Dead => "dead",
            Self::Events => "events",
            Self::Audit => "audit",
        }
    }
}
