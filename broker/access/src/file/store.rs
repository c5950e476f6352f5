//! The file on disk. The hub reads it; the command line replaces it as a whole, one writer at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::account::{AccountRights, ListedAccount};
use super::edit::{self, PasswordSecrets};
use super::parse;
use crate::file_state::FileState;
use crate::scram::ScramKeys;
use crate::{Error, hash_password, secret_sha256};
use uns_model::Random;

/// `access.toml` of a data directory.
#[derive(Clone, Debug)]
pub struct AccessFile(PathBuf);

impl AccessFile {
    /// The file in this directory, which may not exist yet.
    pub fn of(directory: &Path) -> Self {
        Self(directory.join("access.toml"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A text that changes whenever the file changes, without its content.
    pub fn state(&self) -> String {
        FileState::of(&self.0).to_string()
    }

    /// The content; empty if there is no file.
    pub(crate) fn read(&self) -> Result<String, Error> {
        match fs::read_to_string(&self.0) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(Error::file("read", &self.0)(error)),
        }
    }

    /// The secret of this directory, which is kept beside the file. If it cannot be kept, a new one is
    /// used in each run.
    pub(crate) fn secret(&self, random: &dyn Random) -> [u8; 32] {
        let path = self.0.with_extension("key");
        let mut secret = [0; 32];
        random.fill(&mut secret);
        let kept = || -> io::Result<Option<[u8; 32]>> {
            let mut file = private(&path)?;
            let mut known = Vec::new();
            io::Read::by_ref(&mut file).take(33).read_to_end(&mut known)?;
            if known.is_empty() {
                file.write_all(&secret)?;
                file.sync_all()?;
            }
            Ok(known.try_into().ok())
        };
        match kept() {
            Ok(known) => known.unwrap_or(secret),
            Err(error) => {
                let file = path.display();
                tracing::warn!(%error, %file, "the secret of the access file is kept for this run only");
                secret
            }
        }
    }

    /// Adds a device with this secret.
    ///
    /// # Errors
    /// There is one, a filter is wrong, or the file cannot be changed.
    pub fn add_device(
        &self,
        name: &str,
        secret: &str,
        rights: AccountRights<'_>,
    ) -> Result<(), Error> {
        self.change(|text| edit::add_device(text, name, &secret_sha256(secret), rights))
    }

    /// Adds a user.
    ///
    /// # Errors
    /// There is one, the password is too short, or the file cannot be changed.
    pub fn add_user(
        &self,
        name: &str,
        password: &str,
        rights: AccountRights<'_>,
        random: &dyn Random,
    ) -> Result<(), Error> {
        let hash = hash_password(password, random)?;
        let secrets = PasswordSecrets { hash, scram: ScramKeys::new(password, random) };
        self.change(|text| edit::add_user(text, name, &secrets, rights))
    }

    /// Changes the password of a user.
    ///
    /// # Errors
    /// There is none of this name, the password is too short, or the file cannot be changed.
    pub fn set_password(
        &self,
        name: &str,
        password: &str,
        random: &dyn Random,
    ) -> Result<(), Error> {
        let hash = hash_password(password, random)?;
        let secrets = PasswordSecrets { hash, scram: ScramKeys::new(password, random) };
        self.change(|text| edit::set_password(text, name, &secrets))
    }

    /// Removes a `user` or `device`.
    ///
    /// # Errors
    /// There is none of this name, or the file cannot be changed.
    pub fn remove(&self, kind: &'static str, name: &str) -> Result<(), Error> {
        self.change(|text| edit::remove(text, kind, name))
    }

    /// Every `user` or `device`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn list(&self, kind: &'static str) -> Result<Vec<ListedAccount>, Error> {
        let text = self.read()?;
        parse(&self.0, &text)?;
        Ok(edit::list(&text, kind))
    }

    /// Changes the text and replaces the file. Both the old and the new text must be valid.
    fn change(&self, change: impl FnOnce(&str) -> Result<String, Error>) -> Result<(), Error> {
        let directory = self.0.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory).map_err(Error::file("create", directory))?;
        let lock_path = self.0.with_extension("toml.lock");
        let lock = private(&lock_path).map_err(Error::file("open", &lock_path))?;
        lock.lock().map_err(Error::file("lock", &lock_path))?;
        let text = self.read()?;
        // An invalid file is not changed, and no invalid file is written.
        parse(&self.0, &text)?;
        let changed = change(&text)?;
        parse(&self.0, &changed)?;
        let temporary = self.0.with_extension("toml.tmp");
        let written = || {
            let mut file = private(&temporary)?;
            file.set_len(0)?;
            file.write_all(changed.as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, &self.0)?;
            File::open(directory)?.sync_all()
        };
        written().map_err(Error::file("write", &self.0))
    }
}

/// Opens a file that only its owner may read, and creates it if needed.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
