//! The directory of files, as start-up and repair work with it.

use fabric::Log;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::error::Error;
use crate::file::Files;
use crate::health::Aside;

/// Behind the name of a file that is damaged.
pub(super) const DAMAGED: &str = ".damaged";
/// Behind the name of a file the catalog does not list and that cannot be listed.
pub(super) const UNLISTED: &str = ".unlisted";
/// In the names of set-aside catalogs.
pub(super) const CATALOG_ASIDE: &str = "catalog.damaged-";

/// What start-up works with.
pub(crate) struct Recovery<'a> {
    pub(crate) files: &'a Files,
    pub(crate) catalog: &'a Catalog,
    pub(crate) log: &'a dyn Log,
    pub(crate) config: &'a Config,
}

impl Recovery<'_> {
    /// The names of all files.
    pub(super) fn list(&self) -> Result<Vec<String>, Error> {
        let files = self.files;
        files.disk().list(files.dir()).map_err(|error| files.disk_error("list", "", error))
    }

    /// Removes a file that is known to be of no use, for good: the catalog may forget it now.
    pub(super) fn remove(&self, name: &str) -> Result<(), Error> {
        let disk = self.files.disk();
        let removed = disk.remove(&self.files.path(name));
        let removed = removed.and_then(|()| disk.sync_dir(self.files.dir()));
        removed.map_err(|error| self.files.disk_error("remove", name, error))
    }

    /// Renames a file that cannot be used.
    pub(super) fn set_aside(&self, name: &str, ending: &str, why: &str) -> Result<Aside, Error> {
        let failed = |error| self.files.disk_error("set aside", name, error);
        let names = self.list()?;
        let plain = format!("{name}{ending}");
        let others = (2..).map(|n| format!("{name}.{n}{ending}"));
        let mut free = std::iter::once(plain.clone()).chain(others);
        let kept = free.find(|name| !names.contains(name)).unwrap_or(plain);
        tracing::error!(name, kept, why, "a history file is set aside");
        let disk = self.files.disk();
        match disk.rename(&self.files.path(name), &self.files.path(&kept)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error)),
            renamed => {
                disk.sync_dir(self.files.dir()).map_err(failed)?;
                let name = if renamed.is_ok() { format!("files/{kept}") } else { String::new() };
                Ok(Aside { name: name.into(), why: why.into() })
            }
        }
    }
}
