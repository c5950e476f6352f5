//! Where texts of a section stand, so that none is written twice.

/// The place of a text: offset and length. Offsets behind the end of the payload count in the section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) offset: usize,
    pub(super) length: usize,
}

/// A text that the section holds itself.
#[derive(Clone, Copy, Debug)]
struct Known {
    start: usize,
    length: usize,
    /// Its last bytes, in which names that begin alike differ.
    end: [u8; 4],
}

/// The last texts that the section holds itself.
#[derive(Debug, Default)]
pub(super) struct Texts {
    known: Vec<Known>,
    /// Where the next one is noted, once there are as many as there may be.
    oldest: usize,
}

fn end_of(text: &[u8]) -> [u8; 4] {
    text.last_chunk().copied().unwrap_or_default()
}

impl Texts {
    /// More than the columns of most tables; a text beyond costs its bytes once more.
    const MAX: usize = 32;

    pub(super) const fn new() -> Self {
        Self { known: Vec::new(), oldest: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.oldest = 0;
    }

    /// A text that lies there in the section.
    pub(super) fn note(&mut self, start: usize, text: &[u8]) {
        let known = Known { start, length: text.len(), end: end_of(text) };
        if self.known.len() < Self::MAX {
            self.known.push(known);
        } else {
            self.known[self.oldest] = known;
            self.oldest = (self.oldest + 1) % Self::MAX;
        }
    }

    /// Where this text begins in the section, if it is one of them.
    pub(super) fn find(&self, section: &[u8], text: &[u8]) -> Option<usize> {
        let end = end_of(text);
        let is = |known: &&Known| {
            let Known { start, length, end: its_end } = **known;
            length == text.len()
                && its_end == end
                && section.get(start..start + length) == Some(text)
        };
        self.known.iter().find(is).map(|known| known.start)
    }
}
