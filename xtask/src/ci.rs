//! `cargo xtask ci`: everything a change must pass, cheapest first, stopping at the first failure,
//! with a table of what each step took.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// The oldest Node the page's tools run on.
const NODE_MIN: (u32, u32) = (20, 19);

/// Scripts of `web/package.json` that must pass, in this order, where the page has them.
const WEB_SCRIPTS: &[&str] = &["generated", "lint", "typecheck", "build", "test"];

/// Names what this machine lacks, so that the checks that need it may be left out; what else is
/// missing fails them. `tests/hub/needs.rs` knows the names.
const WITHOUT: &str = "UNS_TEST_WITHOUT";

/// One thing to run.
struct Step {
    name: String,
    program: &'static str,
    arguments: Vec<String>,
    /// Below the root; the page's steps run in `web`.
    folder: &'static str,
    /// Set for this step alone.
    environment: &'static [(&'static str, &'static str)],
}

impl Step {
    fn cargo(name: &str, arguments: &str) -> Self {
        Self::new(name, "cargo", arguments, "")
    }

    fn new(name: &str, program: &'static str, arguments: &str, folder: &'static str) -> Self {
        let arguments = arguments.split_whitespace().map(str::to_owned).collect();
        Self { name: name.to_owned(), program, arguments, folder, environment: &[] }
    }
}

/// Runs all steps; the exit code says whether all passed.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let (steps, notes) = plan(root, &without())?;
    let mut table: Vec<(String, Duration, bool)> = Vec::new();
    for step in steps {
        writeln!(std::io::stdout(), "── {}", step.name)?;
        let started = now();
        let status = Command::new(step.program)
            .args(&step.arguments)
            .envs(step.environment.iter().copied())
            .current_dir(root.join(step.folder))
            .stdin(Stdio::null())
            .status()
            .with_context(|| format!("start {} for step {}", step.program, step.name))?;
        table.push((step.name, now() - started, status.success()));
        if !status.success() {
            break;
        }
    }
    summary(&table, &notes)
}

#[expect(clippy::disallowed_methods, reason = "times its own steps; nothing here is simulated")]
fn now() -> Instant {
    Instant::now()
}

fn without() -> String {
    std::env::var_os(WITHOUT).unwrap_or_default().to_string_lossy().into_owned()
}

/// The steps for this machine, with notes about what it lacks.
fn plan(root: &Path, without: &str) -> anyhow::Result<(Vec<Step>, Vec<String>)> {
    let mut notes = Vec::new();
    if !without.is_empty() {
        notes.push(format!("{WITHOUT}={without}: tests that need this were left out"));
    }
    let mut steps = vec![Step::cargo("format", "fmt --all --check")];
    steps.push(Step::cargo("tidy", "run --quiet --package xtask -- tidy"));
    let package = root.join("web/package.json");
    if package.exists() && page_is_checked(&answer("node", "--version"), without)? {
        let scripts = std::fs::read_to_string(&package).context("read web/package.json")?;
        steps.extend(web(&scripts));
    }
    steps.push(Step::cargo("clippy", "clippy --workspace --all-targets --quiet -- -D warnings"));
    if answer("cargo-nextest", "--version").is_empty() {
        notes.push("cargo-nextest is missing, so cargo test ran instead: `make tools`".to_owned());
        steps.push(Step::cargo("test", "test --workspace --lib --bins --tests --quiet"));
    } else {
        steps.push(Step::cargo("test", "nextest run --workspace --cargo-quiet"));
    }
    steps.push(Step::cargo("doc test", "test --workspace --doc --quiet"));
    steps.push(Step {
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        ..Step::cargo("doc", "doc --workspace --no-deps --document-private-items --quiet")
    });
    // Licences, bans and sources are tidy's too; this reads the texts the crates carry. The database
    // of advisories needs a network, so nobody is held up by it here.
    if answer("cargo-deny", "--version").is_empty() {
        notes.push("cargo-deny is missing, so tidy alone judged licences: `make tools`".to_owned());
    } else {
        steps.push(Step::new("deny", "bash", "scripts/check-licences.sh", ""));
    }
    Ok((steps, notes))
}

/// Whether the page's steps run; an error where Node is missing and nobody said so.
fn page_is_checked(node: &str, without: &str) -> anyhow::Result<bool> {
    let (fits, (major, minor)) = (node_fits(node), NODE_MIN);
    if !fits && !without.split([',', ' ']).any(|name| name == "node") {
        anyhow::bail!(
            "the page's checks need Node >= {major}.{minor}, found `{node}`; install it, or leave \
             them out: make test {WITHOUT}=node"
        );
    }
    Ok(fits)
}

fn web(package: &str) -> Vec<Step> {
    let mut steps = vec![Step::new("web install", "bash", "scripts/page-modules.sh", "")];
    for script in WEB_SCRIPTS.iter().filter(|script| package.contains(&format!("\"{script}\":"))) {
        let arguments = format!("run --silent {script}");
        steps.push(Step::new(&format!("web {script}"), "npm", &arguments, "web"));
    }
    steps
}

/// What a program says to a question; empty when it is not there or fails.
fn answer(program: &str, question: &str) -> String {
    let output = Command::new(program).arg(question).stdin(Stdio::null()).output();
    let said = output.ok().filter(|output| output.status.success());
    said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

fn node_fits(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= NODE_MIN,
        _ => false,
    }
}

fn summary(table: &[(String, Duration, bool)], notes: &[String]) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{:<16}{:>9}", "step", "seconds")?;
    for (name, took, passed) in table {
        let verdict = if *passed { "" } else { "  FAILED" };
        writeln!(out, "{name:<16}{:>9.1}{verdict}", took.as_secs_f64())?;
    }
    let total: Duration = table.iter().map(|(_, took, _)| *took).sum();
    writeln!(out, "{:<16}{:>9.1}", "total", total.as_secs_f64())?;
    for note in notes {
        writeln!(out, "note: {note}")?;
    }
    match table.iter().find(|(_, _, passed)| !passed) {
        Some((name, ..)) => {
            writeln!(out, "ci: step `{name}` failed")?;
            Ok(ExitCode::FAILURE)
        }
        None => {
            writeln!(out, "ci: all steps passed")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_compared_as_numbers() {
        for good in ["v20.19.0", "v20.20.2", "v22.1.0", "v100.0.0"] {
            assert!(node_fits(good), "{good}");
        }
        for bad in ["v20.9.0", "v18.20.4", "v9.99.0", "", "nonsense"] {
            assert!(!node_fits(bad), "{bad}");
        }
    }

    #[test]
    fn a_page_nobody_can_check_fails_unless_that_is_said() {
        assert!(page_is_checked("v22.1.0", "").unwrap());
        assert!(!page_is_checked("", "mount,node").unwrap());
        let error = page_is_checked("v18.0.0", "mount").unwrap_err().to_string();
        assert!(error.contains("UNS_TEST_WITHOUT=node") && error.contains("v18.0.0"), "{error}");
    }

    #[test]
    fn only_scripts_the_page_has_are_run() {
        let steps = web("{\"scripts\": {\"typecheck\": \"tsc\", \"build\": \"vite\"}}");
        let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, ["web install", "web typecheck", "web build"]);
    }

    #[test]
    fn a_failed_step_fails_the_run() {
        let step = |passed| ("x".to_owned(), Duration::from_secs(1), passed);
        let code = |table: &[_]| format!("{:?}", summary(table, &[]).expect("prints"));
        assert_eq!(code(&[step(true)]), format!("{:?}", ExitCode::SUCCESS));
        assert_eq!(code(&[step(true), step(false)]), format!("{:?}", ExitCode::FAILURE));
    }
}
