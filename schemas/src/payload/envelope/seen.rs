//! Which keys an object has, as far as they tell whether it is an envelope.

/// What was seen of an object so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Seen {
    /// The bits of the keys that mean something.
    pub(super) known: u64,
    pub(super) values: u8,
    /// A member that has no part in an envelope.
    pub(super) others: bool,
    /// A member that may have a part in one, and is a field as well.
    pub(super) has_field: bool,
    /// A number or flag as `status`, which may be that of a machine unless a quality stands beside it.
    pub(super) has_state: bool,
    /// The value has a name that means nothing else.
    pub(super) is_named: bool,
    /// A quality, a unit, or a time that can be read.
    pub(super) is_marked: bool,
    /// A number that may be a quality, or a field like any other.
    pub(super) is_numbered: bool,
}

impl Seen {
    /// Exactly one value; and keys that are unknown move it only where its own name is short and
    /// nothing else tells an envelope from the fields of a document. Declared as one, it may have any
    /// other keys.
    pub(super) fn is_envelope(self, declared: bool) -> bool {
        self.values == 1 && (declared || !self.others || self.is_named || self.is_marked)
    }
}
