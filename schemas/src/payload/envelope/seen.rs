//! Which keys an object has, as far as they tell whether it is an envelope.

use crate::payload::scan::Kind;

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
    /// A number under `p` or `s`: beside active and apparent power, `q` is the reactive one.
    pub(super) has_power: bool,
    /// A flag under `ack`, as states of ioBroker have it.
    pub(super) has_ack: bool,
    /// When or by whom they were changed: a number under `lc`, a text under `from`.
    pub(super) has_change: bool,
}

impl Seen {
    /// Notes a member that has no part in an envelope, and may tell what `q` is.
    pub(super) fn note_other(&mut self, name: &str, kind: Kind) {
        self.others = true;
        match name {
            "p" | "s" => self.has_power |= kind == Kind::Number,
            "ack" => self.has_ack |= matches!(kind, Kind::Bool(_)),
            "lc" => self.has_change |= kind == Kind::Number,
            "from" => self.has_change |= matches!(kind, Kind::Text { .. }),
            _ => {}
        }
    }

    /// Whether it is a state of ioBroker, which has numbers of its own for qualities.
    pub(super) fn is_of_iobroker(self) -> bool {
        self.has_ack && self.has_change && !self.is_named
    }

    /// Exactly one value; and keys that are unknown move it only where its own name is short and
    /// nothing else tells an envelope from the fields of a document. Declared as one, it may have any
    /// other keys.
    pub(super) fn is_envelope(self, declared: bool) -> bool {
        self.values == 1 && (declared || !self.others || self.is_named || self.is_marked)
    }
}
