//! What the access file looks like from outside, to tell one state of it from another.

use std::path::Path;
use std::time::SystemTime;

/// What the file looked like, without its content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Look(Option<(SystemTime, u64)>);

impl std::fmt::Display for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some((modified, bytes)) = self.0 else { return f.write_str("no file") };
        let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        write!(f, "{} ns, {bytes} bytes", since.as_nanos())
    }
}

impl Look {
    pub(crate) fn at(path: &Path) -> Self {
        let seen = std::fs::metadata(path).ok();
        Self(seen.and_then(|seen| Some((seen.modified().ok()?, seen.len()))))
    }
}

impl Look {
    /// Tells when others than the owner can read the file: hashes can be guessed at.
    pub(crate) fn warn_of_readers(self, path: &Path) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).map_or(0, |seen| seen.permissions().mode());
        if mode & 0o077 != 0 {
            let file = path.display();
            tracing::warn!(%file, "others can read who may connect; chmod 600 keeps it to the hub");
        }
    }
}
