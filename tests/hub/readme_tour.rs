//! The README is true: its tour is typed word for word, from an empty folder, on the default ports.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::hub::{Scratch, peers_under};
use crate::needs;

/// A network in which the default ports are free, whatever else runs on this machine.
const ALONE: [&str; 5] =
    ["unshare", "--net", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""];

#[test]
fn the_tour_of_the_readme_says_what_it_shows() {
    let alone = Command::new(ALONE[0]).args(&ALONE[1..]).arg("true").output();
    if !needs::have("netns", alone.is_ok_and(|output| output.status.success())) {
        return;
    }
    let scratch = Scratch::new();
    let folder = scratch.path().join("empty");
    fs::create_dir(&folder).expect("a folder");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let said = peers_under(
        &ALONE,
        "readme_tour.py",
        &[
            "--uns",
            env!("CARGO_BIN_EXE_uns"),
            "--readme",
            readme.to_str().expect("UTF-8"),
            "--directory",
            folder.to_str().expect("UTF-8"),
            "Five minutes",
        ],
    );
    assert!(said.contains("said what README.md says"), "{said}");
}
