//! Running a target over its corpus and over seeded mutations.

use std::fmt;
use std::io;
use std::panic::catch_unwind;
use std::path::Path;

use crate::{Target, mutate};

/// Which input a target failed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file of the corpus.
    File(String),
    /// A seed of [`mutate()`].
    Seed(u64),
}

/// A target that panicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Name of the target.
    pub target: &'static str,
    /// Where the input is from.
    pub origin: Origin,
    /// The input, to be kept in the corpus.
    pub input: Vec<u8>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fails on {:?}: {}", self.target, self.origin, self.input.escape_ascii())
    }
}

impl std::error::Error for Failure {}

/// The named inputs in a folder of the corpus, sorted by name.
///
/// # Errors
/// The folder or a file in it cannot be read.
pub fn corpus(folder: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut inputs = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "bin") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            inputs.push((name, std::fs::read(&path)?));
        }
    }
    inputs.sort();
    Ok(inputs)
}

/// Runs the inputs themselves and `seeds` mutations of them, and returns how many runs that were.
///
/// # Errors
/// The first input on which the target panics.
pub fn smoke(target: &Target, inputs: &[(String, Vec<u8>)], seeds: u64) -> Result<usize, Failure> {
    let mut runs = 0;
    for (name, input) in inputs {
        attempt(target, input, || Origin::File(name.clone()))?;
        runs += 1;
    }
    let inputs = inputs.iter().map(|(_, input)| input.clone()).collect::<Vec<_>>();
    for seed in 0..seeds {
        attempt(target, &mutate(seed, &inputs), || Origin::Seed(seed))?;
        runs += 1;
    }
    Ok(runs)
}

fn attempt(target: &Target, input: &[u8], origin: impl Fn() -> Origin) -> Result<(), Failure> {
    catch_unwind(|| (target.run)(input)).map_err(|_| Failure {
        target: target.name,
        origin: origin(),
        input: input.to_vec(),
    })
}
