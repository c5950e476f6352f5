//! The state of the access file as its metadata tells it, by which a change is noticed without
//! reading the file.

use std::path::Path;
use std::time::SystemTime;

/// Modification time and length; `None` if there is no file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FileState(Option<(SystemTime, u64)>);

impl std::fmt::Display for FileState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some((modified, bytes)) = self.0 else { return f.write_str("no file") };
        let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        write!(f, "{} ns, {bytes} bytes", since.as_nanos())
    }
}

impl FileState {
    pub(crate) fn of(path: &Path) -> Self {
        let seen = std::fs::metadata(path).ok();
        Self(seen.and_then(|seen| Some((seen.modified().ok()?, seen.len()))))
    }
}

/// Warns if users other than the owner can read the file, since they could guess at the hashes.
pub(crate) fn warn_of_other_readers(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map_or(0, |seen| seen.permissions().mode());
    if mode & 0o077 != 0 {
        let file = path.display();
        tracing::warn!(%file, "others can read who may connect; chmod 600 keeps it to the hub");
    }
}
