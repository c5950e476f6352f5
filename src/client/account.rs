//! Who the command line logs in as: `UNS_USER`, and a file with the password. Arguments would show
//! it to every process of the machine.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const USER: &str = "UNS_USER";
const PASSWORD_FILE: &str = "UNS_PASSWORD_FILE";

/// A name and its password.
pub(super) struct Account {
    pub(super) name: String,
    pub(super) password: Zeroizing<String>,
}

impl Account {
    /// As the environment says; nobody if it says nothing.
    pub(super) fn of_environment() -> Result<Option<Self>> {
        let Some(name) = std::env::var_os(USER) else { return Ok(None) };
        let Ok(name) = name.into_string() else { bail!("{USER} is no UTF-8") };
        let Some(path) = std::env::var_os(PASSWORD_FILE).map(PathBuf::from) else {
            bail!("{USER} is set, but not {PASSWORD_FILE}, the file with the password");
        };
        let text = std::fs::read_to_string(&path).map(Zeroizing::new);
        let text =
            text.with_context(|| format!("{PASSWORD_FILE}: cannot read {}", path.display()))?;
        let password = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
        Ok(Some(Self { name, password }))
    }

    /// As HTTP wants it.
    pub(super) fn basic(&self) -> String {
        let both = Zeroizing::new(format!("{}:{}", self.name, *self.password));
        format!("Basic {}", STANDARD.encode(both.as_bytes()))
    }
}

/// What to do when a hub asks for a log-in.
pub(super) const REMEDY: &str = "set UNS_USER to a name of `uns user` or `uns device`, and UNS_PASSWORD_FILE to a file with its \
     password";
