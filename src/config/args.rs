//! Arguments of every sub-command that reads a configuration.

use std::path::PathBuf;

use clap::Args;

/// Where configuration comes from: defaults, then the file, then `--set`.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Override one key, for example `--set mqtt.listen=127.0.0.1:0`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}
