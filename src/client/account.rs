//! Who the command line logs in as: what its arguments say, else `UNS_USER` and a file with the
//! password.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use zeroize::Zeroizing;

const USER: &str = "UNS_USER";
const PASSWORD_FILE: &str = "UNS_PASSWORD_FILE";

/// Arguments of whoever logs in.
#[derive(Debug, Args)]
pub(super) struct AccountArgs {
    /// Name to log in with; without it that of `UNS_USER`.
    #[arg(long, short, global = true, value_name = "NAME")]
    user: Option<String>,
    /// Its password. It is taken out of the process list, but the shell remembers it; rather use
    /// the next.
    #[arg(long, short = 'P', global = true, conflicts_with = "password_file")]
    password: Option<Password>,
    /// File with its password; without it that of `UNS_PASSWORD_FILE`.
    #[arg(long, global = true, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl AccountArgs {
    /// As they say, else as the environment does.
    pub(super) fn account(&self) -> Result<Option<Account>> {
        let Some(name) = &self.user else {
            if self.password.is_some() || self.password_file.is_some() {
                bail!("a password needs --user");
            }
            return Account::of_environment();
        };
        let password = match (&self.password, &self.password_file) {
            (Some(password), _) => {
                if let Err(error) = super::hidden::restart(password.as_str()) {
                    eprintln!(
                        "uns: every program of this machine can see the password of -P ({error:#}); \
                         rather use --password-file"
                    );
                }
                password.clone()
            }
            (None, Some(path)) => Password::of_file("--password-file", path)?,
            (None, None) => bail!("--user needs --password-file, or --password"),
        };
        Ok(Some(Account { name: name.clone(), password }))
    }
}

/// A password, shown to nobody.
#[derive(Clone)]
pub(super) struct Password(Zeroizing<String>);

impl Password {
    /// What is in a file, without the end of its line.
    fn of_file(from: &str, path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let text = text.with_context(|| format!("{from}: cannot read {}", path.display()))?;
        Ok(Self(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Password {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// A name and its password.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) password: Password,
}

impl Account {
    /// As the environment says; nobody if it says nothing.
    fn of_environment() -> Result<Option<Self>> {
        let Some(name) = std::env::var_os(USER) else { return Ok(None) };
        let Ok(name) = name.into_string() else { bail!("{USER} is no UTF-8") };
        let Some(path) = std::env::var_os(PASSWORD_FILE).map(PathBuf::from) else {
            bail!("{USER} is set, but not {PASSWORD_FILE}, the file with the password");
        };
        Ok(Some(Self { name, password: Password::of_file(PASSWORD_FILE, &path)? }))
    }

    /// As HTTP wants it.
    pub(super) fn basic(&self) -> String {
        let both = Zeroizing::new(format!("{}:{}", self.name, self.password.as_str()));
        format!("Basic {}", STANDARD.encode(both.as_bytes()))
    }
}

/// What to do when a hub does not know an account.
pub(super) const WRONG_ACCOUNT: &str = "check name and password; on the hub's machine `uns device list` and `uns user list` name the \
     accounts, `uns user passwd` gives another password, and a device is removed and added anew";

/// What to do when a hub asks for a log-in.
pub(super) const REMEDY: &str = "give --user and --password-file, or set UNS_USER and UNS_PASSWORD_FILE to a name of `uns user` \
     or `uns device` and to a file with its password";
