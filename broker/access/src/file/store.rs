//! The file on disk: read by the hub, replaced as a whole by the command line, one writer at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{edit, parse};
use crate::look::Look;
use crate::scram::ScramKeys;
use crate::{Error, hash_password, secret_sha256};
use uns_model::Random;

/// `access.toml` of a data directory.
#[derive(Clone, Debug)]
pub struct AccessFile(PathBuf);

/// A device or user that is to be made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grants<'a> {
    /// Filters for publishing and subscribing.
    pub allow: &'a [String],
    /// Filters for publishing.
    pub publish: &'a [String],
    /// Filters for subscribing.
    pub subscribe: &'a [String],
    /// Roles.
    pub roles: &'a [String],
}

/// An account, for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// What it may, as the file says it.
    pub rules: String,
}

impl AccessFile {
    /// The file in this directory, which may not exist yet.
    pub fn of(directory: &Path) -> Self {
        Self(directory.join("access.toml"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Tells one state of the file from another, without its content.
    pub fn state(&self) -> String {
        Look::at(&self.0).to_string()
    }

    /// The content; nothing if there is no file.
    pub(crate) fn read(&self) -> Result<String, Error> {
        match fs::read_to_string(&self.0) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(Error::file("read", &self.0)(error)),
        }
    }

    /// A secret of this directory, kept beside the file. Where it cannot be, it lasts for this run.
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
    pub fn add_device(&self, name: &str, secret: &str, grants: Grants<'_>) -> Result<(), Error> {
        self.change(|text| edit::add_device(text, name, &secret_sha256(secret), grants))
    }

    /// Adds a user.
    ///
    /// # Errors
    /// There is one, the password is too short, or the file cannot be changed.
    pub fn add_user(
        &self,
        name: &str,
        password: &str,
        grants: Grants<'_>,
        random: &dyn Random,
    ) -> Result<(), Error> {
        let (hash, scram) = (hash_password(password, random)?, ScramKeys::new(password, random));
        self.change(|text| edit::add_user(text, name, (&hash, &scram), grants))
    }

    /// Gives a user another password.
    ///
    /// # Errors
    /// There is none of this name, the password is too short, or the file cannot be changed.
    pub fn set_password(
        &self,
        name: &str,
        password: &str,
        random: &dyn Random,
    ) -> Result<(), Error> {
        let (hash, scram) = (hash_password(password, random)?, ScramKeys::new(password, random));
        self.change(|text| edit::set_password(text, name, (&hash, &scram)))
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
    pub fn list(&self, kind: &'static str) -> Result<Vec<Listed>, Error> {
        let text = self.read()?;
        parse(&self.0, &text)?;
        Ok(edit::list(&text, kind))
    }

    /// Changes the text and replaces the file, which afterwards is as good as before.
    fn change(&self, change: impl FnOnce(&str) -> Result<String, Error>) -> Result<(), Error> {
        let directory = self.0.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory).map_err(Error::file("create", directory))?;
        let lock_path = self.0.with_extension("toml.lock");
        let lock = private(&lock_path).map_err(Error::file("open", &lock_path))?;
        lock.lock().map_err(Error::file("lock", &lock_path))?;
        let text = self.read()?;
        // What people wrote is not touched while it is broken, and nothing broken is written.
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

/// Opens a file that only its owner may read, creating it where needed.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
