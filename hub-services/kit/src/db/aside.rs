//! A damaged metadata database is kept under another name, for people.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::Error;

/// Names count up to here.
const ASIDE_MAX: u32 = 1_000;

/// Whether `SQLite` says that the file is none of its own, or contradicts itself.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    const CORRUPT: &str = "11";
    const NOT_A_DATABASE: &str = "26";
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| matches!(code.as_ref(), CORRUPT | NOT_A_DATABASE))
}

/// Renames the file and its write-ahead log, so that both still belong together.
pub(super) fn set_aside(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::OpenDb { path: path.to_owned(), source: sqlx::Error::Io(source) };
    let aside = free_name(path).ok_or_else(|| failed(io::ErrorKind::AlreadyExists.into()))?;
    // The log goes first: beside a new database it would be taken for that one's.
    for ending in ["-wal", "-shm", ""] {
        match std::fs::rename(beside(path, ending), beside(&aside, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    let dir = path.parent().unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
    tracing::error!(
        path = %path.display(),
        aside = %aside.display(),
        "the metadata database is damaged and set aside, a new one takes its place"
    );
    Ok(())
}

fn free_name(path: &Path) -> Option<PathBuf> {
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    let extension = path.extension()?.to_string_lossy().into_owned();
    (1..=ASIDE_MAX)
        .map(|n| path.with_file_name(format!("{stem}.damaged-{n}.{extension}")))
        .find(|aside| ["", "-wal"].iter().all(|ending| !beside(aside, ending).exists()))
}

/// The file with this ending behind the whole name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
