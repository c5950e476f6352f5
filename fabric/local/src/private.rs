//! What a data directory holds is for the account of the hub alone.
//!
//! New files and directories are made that way; those of older releases, of copies and of other
//! programs are tightened at the start.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What group and others may do.
const OTHERS: u32 = 0o077;
/// Directories are nested this deep at most; links are not followed.
const DEPTH_MAX: usize = 8;

/// What was done.
#[derive(Debug, Default)]
struct Tightened {
    changed: u64,
    failed: Option<(String, io::Error)>,
}

/// Takes from group and others what they may do to a directory and all below it; says so once.
pub(crate) fn tighten(dir: &Path) {
    let mut done = Tightened::default();
    walk(dir, 0, &mut done);
    if done.changed > 0 {
        tracing::info!(
            path = %dir.display(),
            changed = done.changed,
            "files and directories others could read or change are this account's alone now"
        );
    }
    if let Some((path, error)) = done.failed {
        tracing::warn!(
            path,
            %error,
            "cannot take from others what they may do here; give the data directory to the \
             account that runs the hub (chown -R)"
        );
    }
}

fn walk(path: &Path, depth: usize, done: &mut Tightened) {
    let result = (|| {
        // The directory itself may be reached by a link; what is in it may not lead out of it.
        let found = if depth == 0 { fs::metadata(path)? } else { fs::symlink_metadata(path)? };
        let mode = found.permissions().mode();
        if !found.is_symlink() && mode & OTHERS != 0 {
            fs::set_permissions(path, Permissions::from_mode(mode & 0o7777 & !OTHERS))?;
            done.changed += 1;
        }
        if found.is_dir() && depth < DEPTH_MAX {
            for entry in fs::read_dir(path)? {
                walk(&entry?.path(), depth + 1, done);
            }
        }
        Ok(())
    })();
    match result {
        // Others may remove what they made meanwhile, as SQLite does.
        Err(error) if io::Error::kind(&error) != io::ErrorKind::NotFound => {
            done.failed.get_or_insert((path.display().to_string(), error));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_may_do_nothing_and_links_are_not_followed() {
        let dir = std::env::temp_dir().join(format!("uns-private-{}", std::process::id()));
        let outside = dir.join("outside");
        let inside = dir.join("data/below");
        fs::create_dir_all(&inside).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        for file in [&outside, &inside.join("file")] {
            fs::write(file, b"x").unwrap();
            fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
        }
        fs::set_permissions(&inside, Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        tighten(&dir.join("data"));
        assert_eq!((mode(&inside), mode(&inside.join("file"))), (0o700, 0o600));
        assert_eq!(mode(&outside), 0o644, "a link leads out of the data directory");
        fs::remove_dir_all(&dir).unwrap();
    }
}
