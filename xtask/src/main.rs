//! The project's own checks and chores: `cargo xtask tidy` holds the house to its rules,
//! `cargo xtask ci` runs everything a change must pass.

mod ci;
mod tidy;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

const USAGE: &str = "usage: cargo xtask <command>
  ci     formatting, tidy, web checks, clippy, tests, docs, licences; stops at the first failure
  tidy   the rules of the house that no compiler checks";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = root()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["ci"] => ci::run(&root),
        ["tidy"] => report(&tidy::run(&root)?),
        _ => {
            writeln!(std::io::stderr(), "{USAGE}")?;
            Ok(ExitCode::from(2))
        }
    }
}

/// The top folder of the checkout, one above this package. It is that of now: what was compiled in may
/// be that of another checkout which shares the target directory.
fn root() -> anyhow::Result<PathBuf> {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").context("it is run as `cargo xtask`")?;
    Path::new(&own).parent().map(Path::to_path_buf).context("xtask sits one folder below the root")
}

fn report(findings: &[tidy::Finding]) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for finding in findings {
        writeln!(out, "{finding}")?;
    }
    if findings.is_empty() {
        writeln!(out, "tidy: nothing to complain about")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "tidy: {} finding(s)", findings.len())?;
    Ok(ExitCode::FAILURE)
}
