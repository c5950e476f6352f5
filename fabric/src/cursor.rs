//! Cursors: places in the log, as those hold them who come back.

use std::fmt;
use std::str::FromStr;

use uns_model::Sequence;

/// "As of here, go on from here": everything up to a place in the log was seen. Outside of this
/// process it is a text that nobody takes apart. A log of one shard writes its sequence; one of
/// several will write more, and whoever only hands cursors back need not learn of it. The default is
/// the beginning: nothing was seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Cursor(Sequence);

/// A text that is no cursor of this log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this is no cursor: give back one that the hub gave, as it was")]
pub struct NoCursor;

impl Cursor {
    /// Everything up to and with this record was seen.
    pub const fn after(sequence: Sequence) -> Self {
        Self(sequence)
    }

    /// The last record that was seen.
    pub const fn sequence(self) -> Sequence {
        self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.0)
    }
}

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let number = text.parse().map_err(|_| NoCursor)?;
        let cursor = Self(Sequence(number));
        // One place has one text, so that whoever compares texts compares places.
        let is_it = number <= uns_model::number::SAFE_INTEGER_MAX && cursor.to_string() == text;
        is_it.then_some(cursor).ok_or(NoCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_given() {
        for sequence in [0, 1, 65_536, uns_model::number::SAFE_INTEGER_MAX] {
            let cursor = Cursor::after(Sequence(sequence));
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
            assert_eq!(cursor.sequence().0, sequence);
        }
    }

    #[test]
    fn what_the_hub_never_gave_is_none() {
        for text in ["", "-1", "+1", "01", " 1", "1 ", "1.0", "x", "9007199254740992", "1,2"] {
            assert_eq!(text.parse::<Cursor>(), Err(NoCursor), "{text}");
        }
    }
}
