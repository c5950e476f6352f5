//! Whose account a log-in tries, and how well it could be guessed.

use std::borrow::Cow;

/// Whose account a log-in tries, and how well it could be guessed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tried<'a> {
    /// The name; nothing if the log-in names nobody.
    pub name: Option<Cow<'a, str>>,
    /// What it shows.
    pub proof: Proof,
}

/// What a log-in shows, by how much guessing it is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Proof {
    /// Something that a person chose: guesses are limited by name and by address.
    #[default]
    Password,
    /// A generated secret, which nobody guesses; limited by name, so that a fleet with old secrets
    /// costs no one else a log-in.
    Secret,
    /// Something signed. Whoever shows a good one is let in, however many bad ones came before.
    Signature,
}
