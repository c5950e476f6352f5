//! Which names of fields a document had: needed where two ways through it may spell one name, and where
//! there are more fields than there is room for. Most documents need neither.

use std::collections::HashSet;

use uns_model::{Finding, PointRef};

use crate::payload::rows::BATCH_SAMPLES_MAX;
use crate::payload::sink::Sink;

/// What is known of the names so far.
pub(super) struct Spelling {
    fields_max: usize,
    /// How many points were handed on.
    count: usize,
    /// `{"a.b":1,"a":{"b":2}}` spells one name twice: it takes a key with a dot and a nested field.
    has_dotted_key: bool,
    has_nested_field: bool,
    names: Option<HashSet<Box<str>>>,
}

/// Whether a point is handed on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Taken,
    /// There is one of this name already.
    Twice,
    None,
}

impl Spelling {
    pub(super) fn new(fields_max: usize) -> Self {
        Self { fields_max, count: 0, has_dotted_key: false, has_nested_field: false, names: None }
    }

    /// For who reads a document again to learn the names of the first points.
    pub(super) fn remember_nothing(&mut self) {
        self.names = Some(HashSet::new());
        self.fields_max = usize::MAX;
    }

    /// Notes a key.
    pub(super) fn key(&mut self, key: &str, escaped: bool) {
        self.has_dotted_key |= escaped || key.bytes().any(|byte| byte == b'.');
    }

    /// Notes a field below the top level.
    pub(super) fn nested(&mut self, is_nested: bool) {
        self.has_nested_field |= is_nested;
    }

    /// Asks for room; `names` gives the names of so many first points.
    pub(super) fn take(
        &mut self,
        name: &str,
        repeats: bool,
        names: impl FnOnce(usize) -> HashSet<Box<str>>,
    ) -> Room {
        let is_full = self.count >= self.fields_max;
        if self.count >= BATCH_SAMPLES_MAX || self.fields_max == 0 {
            return Room::None;
        }
        if self.names.is_none() && (is_full || (self.has_dotted_key && self.has_nested_field)) {
            self.names = Some(names(self.count));
        }
        if let Some(names) = &mut self.names {
            if names.contains(name) {
                if !repeats {
                    return Room::Twice;
                }
            } else if names.len() >= self.fields_max {
                return Room::None;
            } else {
                names.insert(name.into());
            }
        }
        self.count += 1;
        Room::Taken
    }
}

/// Keeps the names of the first points it is given.
pub(super) struct First {
    pub(super) names: HashSet<Box<str>>,
    rest: usize,
}

impl First {
    pub(super) fn new(count: usize) -> Self {
        Self { names: HashSet::new(), rest: count }
    }
}

impl Sink for First {
    fn point(&mut self, point: &PointRef<'_>) {
        if let Some(name) = point.field
            && self.rest > 0
        {
            self.rest -= 1;
            self.names.insert(name.into());
        }
    }

    fn finding(&mut self, _: Finding) {}
}
