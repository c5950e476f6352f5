//! Entry point for fuzzing: bytes as an `access.toml`, and as what a client shows to log in.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use broker_codec::ReasonCode;
use broker_engine::{Action, Coverage, Everything, Exchange as _, Identity, Step};
use uns_model::{OrgId, SeededRandom};

use crate::password::PasswordHash;
use crate::rules::Placeholders;
use crate::scram::{Accounts, Scram, ScramKeys};
use crate::token::{Key, Tokens, unique_object};

/// No account exists.
struct NoAccounts;

impl Accounts for NoAccounts {
    fn keys(&self, name: &str) -> ScramKeys {
        ScramKeys::decoy(&[7; 32], name)
    }

    fn identity(&self, name: &str) -> Result<Identity, ReasonCode> {
        Ok(Identity::new(OrgId::DEFAULT, name, Everything::shared()))
    }

    fn failed(&self, _: &str) {}
}

/// Reads `data` as a token, as the messages of a SCRAM exchange (a line each), as a password hash
/// and as an access file.
///
/// # Panics
/// When a token or a proof that nobody can make is accepted, or rules contradict themselves.
pub fn fuzz(data: &[u8]) {
    static TOKENS: LazyLock<Tokens> = LazyLock::new(|| Tokens {
        keys: vec![Key::of_secret(&[9; 32])],
        issuer: "i".into(),
        audience: "a".into(),
        leeway_seconds: 0,
        name_claim: "sub".into(),
        allow_claim: "allow".into(),
        roles_claim: Some("roles".into()),
    });
    assert!(TOKENS.verify(data, 0).is_err(), "a token without the secret");
    // Only holders of a key get past the signature, but the claims must not make it panic either.
    if let (Some(claims), Some(key)) = (unique_object(data), TOKENS.keys.first()) {
        drop(TOKENS.check(key, &claims, 0));
    }
    let mut scram = Scram::new(Arc::new(NoAccounts), &SeededRandom::new(1));
    for message in data.split(|byte| *byte == b'\n') {
        let step = scram.step(message);
        assert!(!matches!(step, Step::Done { .. }), "a proof without the password");
    }
    if let Ok(text) = std::str::from_utf8(data) {
        drop(PasswordHash::parse(text));
        access_file(text);
    }
}

/// A topic, and a filter that matches it among others.
const TOPIC: &str = "acme/press/temperature";
const FILTER: &str = "acme/+/temperature";

/// Checks that a right to a filter is a right to each topic it matches.
fn access_file(text: &str) {
    match crate::file::parse(Path::new("access.toml"), text) {
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
