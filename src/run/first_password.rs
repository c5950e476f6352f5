//! The password of the first admin: given in a file, or made here and told once.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use broker_access::{ADMIN, AccessFile, AccountRights, generate_password};
use uns_model::Random;

/// The first user.
const NAME: &str = "admin";
/// Names a file with the password, as containers mount secrets.
const GIVEN: &str = "UNS_ADMIN_PASSWORD_FILE";
/// Holds it in the data directory until the first log-in, where nobody watches the start.
const FILE: &str = "first-password";

/// How the first password is told.
pub(super) enum FirstPassword {
    /// It was given.
    Given(PathBuf),
    /// It is this, told on the terminal, once.
    Shown(String),
    /// It lies in this file.
    InFile(PathBuf),
}

impl FirstPassword {
    /// Makes the first user where there is none. The password is kept before the account is made:
    /// a start that is cut off leaves no account nobody knows the password of.
    pub(super) fn ensure(
        file: &AccessFile,
        data: &Path,
        random: &dyn Random,
        terminal: bool,
    ) -> Result<Option<Self>> {
        if !file.list("user").context("who may connect cannot be told")?.is_empty() {
            return Ok(None);
        }
        let (password, told) = match std::env::var_os(GIVEN).map(PathBuf::from) {
            Some(path) => (given(&path)?, Self::Given(path)),
            None => {
                let password = generate_password(random).to_string();
                let told = if terminal {
                    Self::Shown(password.clone())
                } else {
                    let path = data.join(FILE);
                    write(&path, &password)
                        .with_context(|| format!("cannot write {}", path.display()))?;
                    Self::InFile(path)
                };
                (password, told)
            }
        };
        let roles = [ADMIN.to_owned()];
        let rights = AccountRights { roles: &roles, ..AccountRights::default() };
        file.add_user(NAME, &password, rights, random).context("cannot make the first user")?;
        Ok(Some(told))
    }

    /// Somebody logged in: once it is the admin, the file has done its work.
    pub(super) fn used(data: &Path, user: &str) {
        let path = data.join(FILE);
        if user != NAME || !path.exists() {
            return;
        }
        match fs::remove_file(&path) {
            Ok(()) => {
                tracing::info!(file = %path.display(), "the first password was used, its file is removed")
            }
            Err(error) => {
                tracing::warn!(%error, file = %path.display(), "cannot remove the first password")
            }
        }
    }

    /// A line of the banner.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Given(path) => format!("user {NAME} with the password of {}", path.display()),
            Self::Shown(password) => format!(
                "user {NAME}, password {password}\n\
                 \x20                  shown this once; `uns user passwd {NAME}` changes it"
            ),
            Self::InFile(path) => format!(
                "user {NAME}, password in {}\n\
                 \x20                  until its first log-in",
                path.display()
            ),
        }
    }
}

fn given(path: &Path) -> Result<String> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("{GIVEN}: cannot read {name}"))?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("{GIVEN}: {name} is empty; write the password of {NAME} into it");
    }
    Ok(password.to_owned())
}

fn write(path: &Path, password: &str) -> std::io::Result<()> {
    // One of a start that was cut off is replaced.
    drop(fs::remove_file(path));
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{password}")?;
    file.sync_all()
}
