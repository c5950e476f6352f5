//! What the scanner finds: one value where it stands in the payload.

/// One value where it stands in the payload.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::payload) struct Token<'a> {
    pub(in crate::payload) kind: Kind,
    /// Its text; of a string what is between the quotes, still escaped.
    pub(in crate::payload) text: &'a str,
}

impl Token<'_> {
    /// The token as it stands in the payload.
    pub(in crate::payload) fn raw(self) -> String {
        match self.kind {
            Kind::Text { .. } => format!("\"{}\"", self.text),
            _ => self.text.to_owned(),
        }
    }
}

/// What kind of value a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::payload) enum Kind {
    Null,
    Bool(bool),
    Number,
    /// What languages print where there is no number: `NaN`, `-inf` and their like (NS-22).
    NonFinite,
    Text {
        escaped: bool,
    },
    Object {
        finite: bool,
    },
    Array {
        finite: bool,
    },
}
