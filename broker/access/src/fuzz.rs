//! The entry for fuzzing: bytes as somebody's `access.toml`, and as what a stranger shows.

use std::path::Path;

use broker_engine::{Action, Coverage};

use crate::file;
use crate::rules::Placeholders;
use crate::token::is_token;

/// A topic, and a filter that matches it among others.
const TOPIC: &str = "acme/press/temperature";
const FILTER: &str = "acme/+/temperature";

/// Reads `data` as the access file and as the parts of a token. A right to a filter is a right to
/// each topic it matches.
///
/// # Panics
/// On a fault; that is what fuzzing looks for.
pub fn fuzz(data: &[u8]) {
    // Whether it looks like a token is for the log-in to know; here it only has to answer.
    let _looks_like_one = is_token(data);
    let Ok(text) = str::from_utf8(data) else { return };
    match file::parse(Path::new("access.toml"), text) {
        Err(error) => assert!(!error.to_string().is_empty(), "a mistake is named"),
        Ok(policy) => {
            let with = Placeholders { client_id: "press-7", user_name: "anna" };
            let books = policy.users.values().map(|user| &user.book);
            for rules in books.chain([&policy.anonymous]).filter_map(|book| book.rules(with)) {
                let covered = rules.covers(FILTER) == Coverage::All;
                assert!(
                    !covered || rules.allows(Action::Receive, TOPIC),
                    "a filter is covered, and a topic below it is not allowed"
                );
            }
        }
    }
}
