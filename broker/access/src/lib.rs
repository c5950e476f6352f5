//! Decides who may connect and what they may do, by one file of users, devices, certificates, tokens
//! and rules.
//!
//! [`AccessFile`] is the `access.toml` of a data directory, which people and the command line edit.
//! [`AccessControl`] decides by it: for the broker through the trait `Authenticate`, for HTTP through
//! [`AccessControl::begin`] and [`AccessControl::log_in`]. The result is a [`Grant`], the rights of one
//! identity, which follow every change of the file. No debug output, log or error contains a secret.

mod error;
mod file;
mod file_state;
mod watch;

mod rules;

mod account_name;
mod failures;
mod hash_times;
mod local_secret;
mod password;
mod scram;
mod secret;
mod token;
mod verified;

mod control;
mod counts;
mod grant;
mod grant_pool;
mod noted_credential;
mod policy;
mod policy_context;
mod principal;

mod fuzz;

pub use control::{AccessControl, AccountSource, Deps, HttpLogin, LoginStart};
pub use counts::Counts;
pub use error::Error;
pub use file::{AccessFile, AccountRights, ListedAccount};
pub use fuzz::fuzz;
pub use grant::Grant;
pub use password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, hash_password};
pub use policy::ADMIN;
pub use scram::{METHOD as SCRAM_METHOD, ScramKeys};
pub use secret::{generate_password, generate_secret, secret_sha256};
