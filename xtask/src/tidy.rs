//! Rules of the house that neither the compiler nor clippy checks. Each rule is a function from
//! text to findings, so that its test can show it a bad sample; [`run`] applies all of them to the
//! checkout, and a test of this package does the same.

mod allow;
mod comments;
mod graph;
mod layers;
mod licences;
mod links;
mod manifests;
mod modules;
mod rust_files;
mod scan;
mod size;
mod tree;
mod web;

use std::fmt;
use std::path::Path;

use graph::Graph;
use tree::Tree;

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// File, relative to the root of the checkout.
    path: String,
    /// Line from 1; 0 when the whole file is meant.
    line: usize,
    /// Name of the rule, as used in the allow list.
    rule: &'static str,
    /// What is wrong and what to do.
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, rule: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, message } = self;
        match line {
            0 => write!(out, "{path}: [{rule}] {message}"),
            _ => write!(out, "{path}:{line}: [{rule}] {message}"),
        }
    }
}

/// Checks the whole checkout.
pub(crate) fn run(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let tree = Tree::load(root)?;
    let graph = Graph::load(root)?;
    let mut findings = Vec::new();
    for file in &tree.files {
        if file.path.ends_with(".rs") {
            findings.extend(rust_files::check(&file.path, &file.text));
        }
        findings.extend(comments::check(&file.path, &file.text));
        if file.path.ends_with(".md") {
            findings.extend(links::check(&file.path, &file.text, &|path| root.join(path).exists()));
        }
        findings.extend(web::check(&file.path, &file.text));
    }
    findings.extend(modules::check(&tree, &graph));
    findings.extend(manifests::check(&tree, &graph));
    findings.extend(layers::check(tree.text("ARCHITECTURE.md"), &graph));
    findings.extend(licences::check(tree.text("deny.toml"), &graph));
    findings.extend(graph::check_facts(&graph));
    findings.extend(size::check(&tree, tree.text(size::RATCHET)));
    let mut findings = allow::apply(findings, tree.text(allow::LIST));
    findings.sort();
    Ok(findings)
}

#[cfg(test)]
mod tests {
    /// The checkout itself is tidy; so `cargo nextest run` alone already says so.
    #[test]
    fn the_checkout_is_tidy() {
        let root = crate::root().expect("the root exists");
        let findings = super::run(&root).expect("tidy runs");
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "\n{}", lines.join("\n"));
    }
}
