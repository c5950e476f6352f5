//! Where the catalog is: its path, and the file system by which SQLite reaches it.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;

/// The database file of a catalog.
#[derive(Clone, Debug, Default)]
pub(crate) struct CatalogFile {
    path: PathBuf,
    /// The name SQLite knows the file system by; `None` for that of the operating system. On another
    /// one nothing is set aside or looked at beside SQLite.
    vfs: Option<String>,
}

impl CatalogFile {
    /// On a file system that was registered with SQLite under this name.
    pub(crate) fn on(vfs: &str) -> Self {
        Self { path: PathBuf::new(), vfs: Some(vfs.to_owned()) }
    }

    /// The one of a directory.
    pub(crate) fn in_dir(self, dir: &Path) -> Self {
        Self { path: dir.join("catalog.sqlite"), ..self }
    }

    #[cfg(test)]
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), vfs: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is on the file system of the operating system, where other files can be written.
    pub(crate) fn is_beside_others(&self) -> bool {
        self.vfs.is_none()
    }

    pub(crate) fn options(&self) -> SqliteConnectOptions {
        let options = SqliteConnectOptions::new().filename(&self.path);
        match &self.vfs {
            Some(vfs) => options.vfs(vfs.clone()),
            None => options,
        }
    }
}
