//! Finds a key that an object has twice, without an allocation: the keys of all open objects lie in one
//! list. When an object closes, a small table tells whether its keys differ, and where it has too many for
//! that they are sorted, which no choice of keys makes slow.

use std::cmp::Ordering;

use super::token::{Kind, Token};
use crate::payload::text;

/// Keys kept without allocation.
const INLINE: usize = 24;
/// Up to here comparing every pair is fastest.
const PAIRWISE: usize = 4;
/// Up to here a table of [`PLACES`] is: it stays half empty.
const TABLED: usize = PLACES / 2;
const PLACES: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Key<'a> {
    text: &'a str,
    at: usize,
    escaped: bool,
}

/// The keys of the objects that are open, outermost first.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    inline: [Key<'a>; INLINE],
    inline_len: usize,
    /// Everything, once it outgrows the array.
    spilled: Vec<Key<'a>>,
    duplicate: Option<usize>,
}

impl Default for Keys<'_> {
    fn default() -> Self {
        let none = Key { text: "", at: 0, escaped: false };
        Self { inline: [none; INLINE], inline_len: 0, spilled: Vec::new(), duplicate: None }
    }
}

impl<'a> Keys<'a> {
    pub(super) fn len(&self) -> usize {
        if self.spilled.is_empty() { self.inline_len } else { self.spilled.len() }
    }

    pub(super) fn push(&mut self, key: Token<'a>, at: usize) {
        let escaped = matches!(key.kind, Kind::Text { escaped: true });
        let key = Key { text: key.text, at, escaped };
        if !self.spilled.is_empty() {
            self.spilled.push(key);
        } else if let Some(slot) = self.inline.get_mut(self.inline_len) {
            *slot = key;
            self.inline_len += 1;
        } else {
            self.spilled.extend_from_slice(&self.inline);
            self.spilled.push(key);
        }
    }

    /// Closes the object whose first key has this index, and forgets its keys.
    pub(super) fn close(&mut self, first: usize) {
        let own = if self.spilled.is_empty() {
            self.inline.get_mut(first..self.inline_len)
        } else {
            self.spilled.get_mut(first..)
        };
        let found = own.and_then(duplicate);
        self.duplicate = self.duplicate.or(found);
        if self.spilled.is_empty() {
            self.inline_len = first;
        } else {
            self.spilled.truncate(first);
            // Empty means inline again, with nothing in it.
            if first == 0 {
                self.inline_len = 0;
            }
        }
    }

    /// Where the first duplicate that was found starts.
    pub(super) fn duplicate(&self) -> Option<usize> {
        self.duplicate
    }
}

fn duplicate(keys: &mut [Key<'_>]) -> Option<usize> {
    if keys.len() <= PAIRWISE {
        let mut rest = &*keys;
        while let Some((key, others)) = rest.split_first() {
            if let Some(other) = others.iter().find(|other| is_same(key, other)) {
                return Some(other.at);
            }
            rest = others;
        }
        return None;
    }
    if keys.len() <= TABLED && !keys.iter().any(|key| key.escaped) {
        return tabled(keys);
    }
    keys.sort_unstable_by(|a, b| order(a, b).then(a.at.cmp(&b.at)));
    keys.windows(2).find(|pair| is_same(&pair[0], &pair[1])).map(|pair| pair[1].at)
}

/// The place of the first key that is there twice, by a table of where each was seen.
fn tabled(keys: &[Key<'_>]) -> Option<usize> {
    const NONE: u8 = u8::MAX;
    let mut table = [NONE; PLACES];
    for (key, number) in keys.iter().zip(0..) {
        let mut place = place(key.text);
        loop {
            let slot = table.get_mut(place)?;
            match keys.get(usize::from(*slot)) {
                None => {
                    *slot = number;
                    break;
                }
                Some(known) if known.text == key.text => return Some(key.at),
                Some(_) => place = (place + 1) % PLACES,
            }
        }
    }
    None
}

/// Where a key is looked for first: by its length, its last byte and one in the middle. Names of one object
/// mostly differ there (`sensor_1`, `sensor_2`), and the whole need not be read.
fn place(key: &str) -> usize {
    let bytes = key.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().map_or(0, usize::from);
    let (last, middle) = (byte(bytes.len().wrapping_sub(1)), byte(bytes.len() / 2));
    (last ^ (middle << 2) ^ (bytes.len() << 3)) % PLACES
}

fn is_same(a: &Key<'_>, b: &Key<'_>) -> bool {
    if a.escaped || b.escaped { order(a, b) == Ordering::Equal } else { a.text == b.text }
}

fn order(a: &Key<'_>, b: &Key<'_>) -> Ordering {
    if a.escaped || b.escaped {
        text::chars(a.text).cmp(text::chars(b.text))
    } else {
        a.text.cmp(b.text)
    }
}
