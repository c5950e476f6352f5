//! The names of fields, joined without allocation: no field has a name that does not fit.

use crate::payload::text;

/// The longest field name; what has a longer one stays in the document only.
pub(super) const BYTES_MAX: usize = 255;

/// The name of the field at hand: keys with dots between them.
pub(super) struct Name {
    bytes: [u8; BYTES_MAX],
    /// How long the name is, which may be longer than what is kept of it.
    length: usize,
}

impl Default for Name {
    fn default() -> Self {
        Self { bytes: [0; BYTES_MAX], length: 0 }
    }
}

impl Name {
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.length = length;
    }

    fn push_str(&mut self, text: &str) {
        let end = self.length + text.len();
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(text.as_bytes());
        }
        self.length = end;
    }

    /// A key as it stands in the payload, after a dot where it is `joined`.
    pub(super) fn push_key(&mut self, joined: bool, raw: &str, escaped: bool) {
        if joined {
            self.push_str(".");
        }
        if !escaped {
            return self.push_str(raw);
        }
        for character in text::chars(raw) {
            self.push_str(character.encode_utf8(&mut [0; 4]));
        }
    }

    /// The place of an element: `.0` to `.15`.
    pub(super) fn push_index(&mut self, index: usize) {
        self.push_str(".");
        self.push_place(index);
    }

    /// The same as the beginning of a name.
    pub(super) fn push_place(&mut self, index: usize) {
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        if index >= 10 {
            self.push_str(DIGITS[index / 10 % 10]);
        }
        self.push_str(DIGITS[index % 10]);
    }

    /// The name, if it is not too long.
    pub(super) fn as_str(&self) -> Option<&str> {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok())
    }
}
