//! Every target over its corpus and 1,000 seeds (R12; `UNS_SOAK=1`: ten million, and a hundred
//! million for the codec); and one that must fail, to prove the plumbing.

use std::path::PathBuf;

use fuzz::{ALL, Origin, Target, corpus, mutate, smoke};

const SEEDS: u64 = 1000;

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

fn seeds(target: &str) -> u64 {
    match (std::env::var_os("UNS_SOAK").is_some(), target) {
        (false, _) => SEEDS,
        (true, "mqtt") => 100_000_000,
        (true, _) => 10_000_000,
    }
}

#[test]
fn every_target_withstands_its_corpus_and_its_seeds() {
    for target in ALL {
        let inputs = corpus(&folder(target.name)).expect("each target has a folder");
        assert!(inputs.len() >= 5, "{} has too small a corpus", target.name);
        match smoke(target, &inputs, seeds(target.name)) {
            Ok(runs) => {
                assert!(runs > 1000);
                eprintln!("R12: {}: {runs} inputs, no panic", target.name);
            }
            Err(failure) => unreachable!("{failure}"),
        }
    }
}

#[test]
fn targets_are_sorted_and_every_folder_has_one() {
    assert!(ALL.is_sorted_by(|a, b| a.name < b.name));
    let mut folders = std::fs::read_dir(folder(""))
        .expect("there is a corpus")
        .map(|entry| entry.expect("it can be listed").file_name().into_string())
        .collect::<Result<Vec<_>, _>>()
        .expect("folders have plain names");
    folders.sort();
    assert_eq!(folders, ALL.iter().map(|target| target.name).collect::<Vec<_>>());
}

/// Fails on bytes that no input holds, but that mutations reach.
fn fragile(data: &[u8]) {
    assert!(!data.contains(&0x7F), "the fragile target has met its byte");
}

#[test]
fn a_fault_is_found_and_its_seed_repeats_it() {
    let target = Target { name: "fragile", run: fragile };
    let inputs = [("hello.bin".to_owned(), b"hello".to_vec())];
    let failure = smoke(&target, &inputs, SEEDS).expect_err("mutations reach the byte");
    let Origin::Seed(seed) = failure.origin else { unreachable!("the input itself is harmless") };
    assert_eq!(mutate(seed, &[b"hello".to_vec()]), failure.input);
    assert!(failure.input.contains(&0x7F));

    let inputs = [("del.bin".to_owned(), vec![0x7F])];
    let failure = smoke(&target, &inputs, 0).expect_err("the input itself has the byte");
    assert_eq!(failure.origin, Origin::File("del.bin".to_owned()));
}
