//! What the log notes beside the account of a client that has a will, where the account alone does not
//! determine its rights.

use serde::{Deserialize, Serialize};

/// The credential of a log-in. What a later release adds is not understood, and gives no rights.
#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum NotedCredential {
    /// A certificate of this subject.
    Subject(Box<str>),
    /// A certificate of this common name.
    CommonName(Box<str>),
    /// A token: the rights in it, and a mark of the key and the parties it was valid under. An
    /// earlier release noted one mark of all keys.
    Token { keys: String, roles: Vec<String>, allow: Vec<String> },
}

impl NotedCredential {
    /// The text for the log: JSON, which contains no control characters.
    pub(crate) fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// Reads what [`NotedCredential::text`] wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_credential_is_read_as_it_was_written() {
        let token = NotedCredential::Token {
            keys: "ab".into(),
            roles: vec!["r\u{2}".into()],
            allow: vec![],
        };
        for (noted, text) in [
            (NotedCredential::Subject("CN=press-7".into()), r#"{"subject":"CN=press-7"}"#),
            (NotedCredential::CommonName("press-8".into()), r#"{"common_name":"press-8"}"#),
            (token, r#"{"token":{"keys":"ab","roles":["r\u0002"],"allow":[]}}"#),
        ] {
            assert_eq!(noted.text().as_deref(), Some(text));
            assert_eq!(NotedCredential::parse(text), Some(noted));
        }
        for unknown in ["", "{}", r#"{"token":{"keys":"ab"}}"#, r#"{"passkey":"x"}"#] {
            assert_eq!(NotedCredential::parse(unknown), None, "{unknown}");
        }
    }
}
