//! The bits and kinds of items of a points section. None of them ever changes its meaning.

/// The section says something beside points.
pub(super) const SAYS_MORE: u8 = 0b0000_0001;

pub(super) const KIND: u8 = 0b0000_1111;
pub(super) const NULL: u8 = 0;
pub(super) const FALSE: u8 = 1;
pub(super) const TRUE: u8 = 2;
pub(super) const INT: u8 = 3;
pub(super) const UINT: u8 = 4;
pub(super) const FLOAT: u8 = 5;
pub(super) const TEXT: u8 = 6;
pub(super) const DOCUMENT: u8 = 7;
pub(super) const BYTES: u8 = 8;
/// A double, as a short decimal.
pub(super) const DECIMAL: u8 = 11;
pub(super) const FINDING: u8 = 9;
pub(super) const CONTRACT: u8 = 10;

pub(super) const TIME: u8 = 0b0011_0000;
/// As that of the point before which has one.
pub(super) const TIME_SAME: u8 = 0b0001_0000;
/// So many nanoseconds after it.
pub(super) const TIME_DELTA: u8 = 0b0010_0000;
pub(super) const TIME_OWN: u8 = 0b0011_0000;
pub(super) const HAS_FIELD: u8 = 0b0100_0000;
pub(super) const HAS_MORE: u8 = 0b1000_0000;

pub(super) const HAS_QUALITY: u8 = 0b0000_0001;
pub(super) const HAS_UNIT: u8 = 0b0000_0010;
pub(super) const HAS_SEQ: u8 = 0b0000_0100;
pub(super) const HISTORICAL: u8 = 0b0000_1000;
pub(super) const HAS_SECOND: u8 = 0b0001_0000;
/// As that of the point before which has one, the others likewise.
pub(super) const QUALITY_SAME: u8 = 0b0010_0000;
pub(super) const UNIT_SAME: u8 = 0b0100_0000;
pub(super) const FIELD_SAME: u8 = 0b1000_0000;
