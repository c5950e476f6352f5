//! The streams a data directory keeps, one log each.

/// Which log: each stream has its own directory, sequences and retention.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stream {
    /// Everything accepted: publishes, minted nodes, session deltas.
    Data,
    /// Descriptions of what was published and refused.
    Dead,
}

impl Stream {
    /// Every stream.
    pub const ALL: [Self; 2] = [Self::Data, Self::Dead];

    /// Its name, also the name of its directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Dead => "dead",
        }
    }
}
