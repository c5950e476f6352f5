//! Who may connect and what they may do: users, devices, certificates, tokens and rules, in one file.
//!
//! [`AccessFile`] is `access.toml` of a data directory, edited by people and by the command line.
//! [`AccessControl`] decides by it: the broker asks it through its trait `Authenticate`, HTTP by
//! [`AccessControl::log_in`]. What comes out is a [`Grant`], the rights of one identity, which
//! follow every change of the file. Secrets are in no debug output, log or error.

mod error;
mod file;

mod rules;

mod failures;
mod hashes;
mod password;
mod scram;
mod secret;
mod token;
mod verified;

mod control;
mod counts;
mod grant;
mod look;
mod noted;
mod policy;
mod watch;

mod fuzz;

pub use control::{AccessControl, Begun, Deps, Elsewhere, Source};
pub use counts::Counts;
pub use error::Error;
pub use file::{ADMIN, AccessFile, Grants, Listed};
pub use fuzz::fuzz;
pub use grant::Grant;
pub use password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, hash_password};
pub use scram::{METHOD as SCRAM_METHOD, ScramKeys};
pub use secret::{generate_password, generate_secret, secret_sha256};
