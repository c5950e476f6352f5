//! Rules of the house that neither the compiler nor clippy checks. Each rule is a function from
//! text to findings, so that its test can show it a bad sample; [`run`] applies all of them to the
//! checkout, and a test of this package does the same.

mod allow;
mod circles;
mod comments;
mod finding;
mod graph;
mod imports;
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

use std::path::Path;

pub(crate) use finding::Finding;
use graph::Graph;
use tree::Tree;

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
    findings.extend(circles::check(&tree, &graph));
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
