//! What every sample asks for of its node, in eight bytes.

use std::num::NonZeroU32;

use historian_segment::SeriesId;

use super::types::ValueType;

/// The series the newest own value of a node belongs to, and the state of the node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latest {
    /// The number plus one.
    series: Option<NonZeroU32>,
    value_type: ValueType,
    state: u8,
}

/// The node is there.
pub(super) const KNOWN: u8 = 0b0_0001;
/// It was deleted.
pub(super) const DELETED: u8 = 0b0_0010;
/// Its history is to be forgotten.
pub(super) const PURGED: u8 = 0b0_0100;
/// It lives outside our own prefixes.
pub(super) const BROWNFIELD: u8 = 0b0_1000;
/// Its own values have had several types.
pub(super) const SEVERAL: u8 = 0b1_0000;

const _: () = assert!(size_of::<Latest>() == 8);

impl Default for Latest {
    fn default() -> Self {
        Self { series: None, value_type: ValueType::Number, state: 0 }
    }
}

impl Latest {
    /// Whether all of this is so.
    pub(super) fn is(&self, state: u8) -> bool {
        self.state & state == state
    }

    /// From now on this is so.
    pub(super) fn set(&mut self, state: u8) {
        self.state |= state;
    }

    /// Of a node that is (again) minted.
    pub(super) fn minted(self, brownfield: bool) -> Self {
        let brownfield = if brownfield { BROWNFIELD } else { 0 };
        Self { state: self.state & SEVERAL | KNOWN | brownfield, ..self }
    }

    /// The latest series, with its type.
    pub(super) fn series(&self) -> Option<(SeriesId, ValueType)> {
        self.series.map(|series| (SeriesId(series.get() - 1), self.value_type))
    }

    /// Another series is the latest.
    pub(super) fn follow(&mut self, series: SeriesId, value_type: ValueType) {
        (self.series, self.value_type) = (NonZeroU32::new(series.0 + 1), value_type);
    }
}
