//! What can go wrong while the hub's services start or run; requests are refused by [`crate::Refusal`].

use std::path::PathBuf;

/// An error of the service kit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The metadata database does not open.
    #[error("cannot open the metadata database {path}")]
    OpenDb {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A statement failed.
    #[error("metadata database: {doing} failed")]
    Db {
        /// The operation.
        doing: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A module's tables were made by a newer release.
    #[error(
        "tables of module `{module}` are at step {found}, this release knows {known}: use a newer uns"
    )]
    NewerSchema {
        /// The module.
        module: &'static str,
        /// Steps applied.
        found: i64,
        /// Steps known.
        known: i64,
    },
    /// A migration that was already applied reads differently now.
    #[error("migration {step} of module `{module}` differs from the one that was applied")]
    MigrationChanged {
        /// The module.
        module: &'static str,
        /// Its step, from 1.
        step: i64,
    },
    /// A module name that cannot prefix a table.
    #[error("module name `{0}` cannot prefix a table: use a-z, 0-9 and _")]
    ModuleName(&'static str),
    /// A module's settings are wrong.
    #[error("settings of module `{module}`")]
    Config {
        /// The module.
        module: &'static str,
        /// Which and why.
        #[source]
        source: serde_json::Error,
    },
    /// A module does not start, or its task ended.
    #[error("module `{module}`: {detail}")]
    Module {
        /// The module.
        module: &'static str,
        /// Why.
        detail: String,
    },
    /// A configured name is no host name.
    #[error("`{0}` is no host name: give it without scheme, port or path")]
    HostName(String),
}
