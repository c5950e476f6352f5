//! The number of a level of the tree, by which its place among its siblings leads to it.

/// The place of a level in the arena of all levels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LevelNo(u32);

impl LevelNo {
    /// Stands for no level: nothing is below.
    pub(super) const LEAF: Self = Self(u32::MAX);

    /// The number of the level at a place.
    pub(super) fn of(place: usize) -> Self {
        Self(u32::try_from(place).expect("quotas keep levels below 2^32"))
    }

    /// Where the level is in the arena.
    pub(super) fn place(self) -> usize {
        self.0 as usize
    }
}
