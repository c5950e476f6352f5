//! What the log keeps beside the account of whoever leaves a will, where the account does not tell the
//! rights by itself.

use serde::{Deserialize, Serialize};

/// How somebody got in. What a later release adds is not read here, and gives no rights.
#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Noted {
    /// By a certificate of this subject.
    Subject(Box<str>),
    /// By a certificate of this common name.
    CommonName(Box<str>),
    /// By a token: what it brought, and a mark of what it was good under.
    /// A release before noted the mark of all keys there were.
    Token { keys: String, roles: Vec<String>, allow: Vec<String> },
}

impl Noted {
    /// As the log has it: JSON, which has no control character in it.
    pub(crate) fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// Reads what [`Noted::text`] wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_again() {
        let token = Noted::Token { keys: "ab".into(), roles: vec!["r\u{2}".into()], allow: vec![] };
        for (noted, text) in [
            (Noted::Subject("CN=press-7".into()), r#"{"subject":"CN=press-7"}"#),
            (Noted::CommonName("press-8".into()), r#"{"common_name":"press-8"}"#),
            (token, r#"{"token":{"keys":"ab","roles":["r\u0002"],"allow":[]}}"#),
        ] {
            assert_eq!(noted.text().as_deref(), Some(text));
            assert_eq!(Noted::parse(text), Some(noted));
        }
        for unknown in ["", "{}", r#"{"token":{"keys":"ab"}}"#, r#"{"passkey":"x"}"#] {
            assert_eq!(Noted::parse(unknown), None, "{unknown}");
        }
    }
}
