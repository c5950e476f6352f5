//! Rules about one Rust file by itself: header, names, forbidden attributes, pure model.

use super::Finding;
use super::scan::{self, Line};

/// Names that say nothing about what is inside.
pub(crate) const EMPTY_NAMES: &[&str] =
    &["util", "utils", "common", "core", "helper", "helpers", "misc", "manager", "base", "shared"];

/// Checks one `.rs` file.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let lines = scan::lines(text);
    let mut findings = Vec::new();
    findings.extend(header(path, text));
    findings.extend(file_name(path));
    findings.extend(inline_names(path, &lines));
    findings.extend(attributes(path, &lines));
    findings.extend(pure_model(path, &lines));
    findings
}

fn header(path: &str, text: &str) -> Option<Finding> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let says_something =
        first.strip_prefix("//!").is_some_and(|rest| rest.split_whitespace().count() > 1);
    (!says_something).then(|| {
        Finding::new(path, 1, "header", "open the file with `//!` lines that say what it is for")
    })
}

fn file_name(path: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    if parts.last() == Some(&"mod") {
        findings.push(Finding::new(path, 0, "mod-rs", "use `foo.rs` beside `foo/`, not `mod.rs`"));
    }
    for name in parts.iter().filter(|name| EMPTY_NAMES.contains(name)) {
        let message = format!("`{name}` names no concept: call it after what it does");
        findings.push(Finding::new(path, 0, "name", message));
    }
    findings
}

fn inline_names(path: &str, lines: &[Line]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let mut words = line.code.split_whitespace().skip_while(|word| *word != "mod");
        let name = words.nth(1).unwrap_or_default().trim_end_matches([';', '{', '}']);
        if EMPTY_NAMES.contains(&name) {
            let message = format!("module `{name}` names no concept: call it after what it does");
            findings.push(Finding::new(path, index + 1, "name", message));
        }
    }
    findings
}

fn attributes(path: &str, lines: &[Line]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let code: String = line.code.split_whitespace().collect();
        if code.contains("#[ignore") {
            let message = "an ignored test proves nothing: assert today's behaviour and say so";
            findings.push(Finding::new(path, index + 1, "ignore", message));
        }
        if code.contains("#[should_panic") {
            let message = "assert on a returned error instead of a panic";
            findings.push(Finding::new(path, index + 1, "should-panic", message));
        }
    }
    findings
}

fn pure_model(path: &str, lines: &[Line]) -> Vec<Finding> {
    if !path.starts_with("uns-model/model/") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let mut words = line.code.split(|c: char| !c.is_alphanumeric() && c != '_');
        if words.any(|word| matches!(word, "serde" | "Serialize" | "Deserialize")) {
            let message = "the model has no wire form: `schemas` writes the counterpart";
            findings.push(Finding::new(path, index + 1, "pure-model", message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_rules(path: &str, text: &str, expected: &[&str]) {
        let found: Vec<&str> = check(path, text).iter().map(|finding| finding.rule).collect();
        assert_eq!(found, expected, "{text}");
    }

    const HEADER: &str = "//! Says what it is for.\n";

    #[test]
    fn a_good_file_passes() {
        let text = format!("{HEADER}use std::fmt;\nmod topic;\nfn f() {{ g(\"#[ignore]\") }}\n");
        check_rules("a/src/topic.rs", &text, &[]);
    }

    #[test]
    fn the_header_is_needed() {
        check_rules("a/src/x.rs", "use std::fmt;\n", &["header"]);
        check_rules("a/src/x.rs", "//! Errors.\n", &["header"]);
    }

    #[test]
    fn names_say_something() {
        check_rules("a/src/x/mod.rs", HEADER, &["mod-rs"]);
        check_rules("a/src/util.rs", HEADER, &["name"]);
        check_rules("a/src/shared/x.rs", HEADER, &["name"]);
        check_rules("a/src/x.rs", &format!("{HEADER}pub(crate) mod helpers {{\n}}\n"), &["name"]);
        check_rules("a/src/core_thread.rs", HEADER, &[]);
    }

    #[test]
    fn tests_run_and_assert() {
        let sample = |attribute: &str| format!("{HEADER}{attribute}\nfn f() {{}}\n");
        check_rules("a/src/x.rs", &sample("#[ignore]"), &["ignore"]);
        check_rules("a/src/x.rs", &sample("#[ignore = \"slow\"]"), &["ignore"]);
        check_rules("a/src/x.rs", &sample("#[should_panic(expected = \"x\")]"), &["should-panic"]);
        check_rules("a/src/x.rs", &sample("// never #[ignore] a test"), &[]);
    }

    #[test]
    fn the_model_has_no_wire_form() {
        let text = format!("{HEADER}#[derive(Debug, Serialize)]\nstruct A;\n");
        check_rules("uns-model/model/src/x.rs", &text, &["pure-model"]);
        check_rules("schemas/src/x.rs", &text, &[]);
    }
}
