//! How short memory is, as the embedder measures it, and what is refused for it.

use fabric::Rejection;
use uns_model::Reason;

/// How short memory is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
#[repr(u8)]
pub enum Pressure {
    /// It is not.
    #[default]
    None,
    /// What can be had again is given back: caches and spare buffers.
    Reclaim,
    /// What would stay is refused: clients, subscriptions, topics, retained messages, messages
    /// owed to sessions. What only passes through goes on.
    Shed,
    /// Every publish is refused.
    Full,
}

impl Pressure {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::None, Self::Reclaim, Self::Shed, Self::Full];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Reclaim => "reclaim",
            Self::Shed => "shed",
            Self::Full => "full",
        }
    }

    pub(crate) fn from_byte(byte: u8) -> Self {
        Self::ALL.get(usize::from(byte)).copied().unwrap_or_default()
    }

    /// Whether load is shed.
    #[inline]
    pub fn is_short(self) -> bool {
        self >= Self::Shed
    }
}

/// A publish that may be taken once there is memory again.
#[cold]
pub(crate) fn memory_full(what: &str) -> Rejection {
    let detail = format!("the hub is short of memory and takes {what} later");
    Rejection::new(Reason::MemoryFull, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_survive_the_way_through_a_byte() {
        for (byte, level) in (0..).zip(Pressure::ALL) {
            assert_eq!((level as u8, Pressure::from_byte(byte)), (byte, level));
        }
        assert!(Pressure::Full.is_short() && !Pressure::Reclaim.is_short());
    }
}
