//! Every mistake of the trap list has a regression test that carries its number.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How many there are.
const TRAPS: u32 = 53;

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of tests") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The numbers in a name such as `trap_08_12_sessions_survive`.
fn numbers(name: &str) -> impl Iterator<Item = u32> {
    name.split('_').map_while(|part| part.parse().ok())
}

#[test]
fn every_trap_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in ["broker/server/tests", "broker/engine/tests", "tests/hub"] {
        rust_files(&root.join(folder), &mut files);
    }
    let mut tested = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("it can be read");
        for name in text.lines().filter_map(|line| line.trim().split_once("fn trap_")) {
            tested.extend(numbers(name.1));
        }
    }
    let missing: Vec<_> = (1..=TRAPS).filter(|trap| !tested.contains(trap)).collect();
    assert!(missing.is_empty(), "no test carries the numbers {missing:?}");
}
