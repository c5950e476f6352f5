//! Everything below the data directory is for the hub's account alone, whatever its umask.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::hub::{Hub, Scratch};

/// What group or others may do something with.
fn open_to_others(path: &Path) -> Vec<PathBuf> {
    let found = fs::symlink_metadata(path).expect("it is there");
    let mut open = Vec::new();
    if found.permissions().mode() & 0o077 != 0 {
        open.push(path.to_owned());
    }
    if found.is_dir() {
        for entry in fs::read_dir(path).expect("a directory") {
            open.extend(open_to_others(&entry.expect("an entry").path()));
        }
    }
    open
}

#[test]
fn no_file_is_for_others_whatever_the_umask() {
    let scratch = Scratch::new();
    let wide = ["sh", "-c", "umask 000; exec \"$0\" \"$@\""];
    let mut hub = Hub::start_under(scratch.path(), &wide);
    hub.mosquitto_pub(&["-t", "private/a", "-m", "1", "-q", "1"]);
    hub.stop();
    assert_eq!(open_to_others(&hub.data()), Vec::<PathBuf>::new());

    // What an older release has left is tightened, and said once.
    for path in [hub.data(), hub.data().join("history/catalog.sqlite")] {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
    }
    let mut hub = Hub::start_under(scratch.path(), &wide);
    hub.stop();
    assert_eq!(open_to_others(&hub.data()), Vec::<PathBuf>::new());
    let said = hub.log();
    assert_eq!(said.matches("this account's alone now").count(), 1, "{said}");
}
