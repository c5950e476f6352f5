//! Rules about manifests: versions, features and reasons live in the root, every package inherits
//! the lints, and some crates are for some packages only.

use super::Finding;
use super::graph::{Graph, Kind};
use super::rust_files::EMPTY_NAMES;
use super::tree::Tree;

/// Packages whose errors nobody matches on.
const MAY_USE_ANYHOW: &[&str] = &["uns", "xtask", "fuzz", "bench-peers"];

/// Checks all manifests and the names of all packages.
pub(crate) fn check(tree: &Tree, graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        findings.extend(member(&file.path, &file.text));
        if file.path == "Cargo.toml" {
            findings.extend(root(&file.text));
        }
    }
    for package in graph.ours() {
        let path = format!("{}/Cargo.toml", package.folder.as_deref().unwrap_or_default());
        let path = path.trim_start_matches('/');
        if package.name.split('-').any(|part| EMPTY_NAMES.contains(&part)) {
            let message = format!("`{}` names no concept", package.name);
            findings.push(Finding::new(path, 0, "name", message));
        }
        let uses =
            package.edges.iter().any(|edge| edge.to == "anyhow" && edge.kind == Kind::Product);
        if uses && !MAY_USE_ANYHOW.contains(&package.name.as_str()) {
            let message = "`anyhow` is for the root, xtask and tests: name the errors";
            findings.push(Finding::new(path, 0, "anyhow", message));
        }
        let serde = package.edges.iter().any(|edge| edge.to.starts_with("serde"));
        if package.name == "uns-model" && serde {
            let message = "the model has no wire form: `schemas` writes the counterpart";
            findings.push(Finding::new(path, 0, "pure-model", message));
        }
    }
    findings
}

/// Rules every manifest follows.
fn member(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut section = "";
    let mut inherits = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
            continue;
        }
        inherits |= section == "lints" && line == "workspace = true";
        let dependency = section.ends_with("dependencies") && section != "workspace.dependencies";
        if !dependency || line.is_empty() {
            continue;
        }
        let inherited = line.contains(".workspace = true") || line.contains("workspace = true,");
        if !inherited && !line.contains("workspace = true }") {
            let message = "versions live in the root manifest: write `name.workspace = true`";
            findings.push(Finding::new(path, index + 1, "manifest", message));
        }
    }
    if !inherits && text.contains("[package]") {
        let message = "missing `[lints]` with `workspace = true`";
        findings.push(Finding::new(path, 0, "manifest", message));
    }
    findings
}

/// Rules of the one list of versions.
fn root(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = text.lines().enumerate();
    let lines = lines.skip_while(|(_, line)| *line != "[workspace.dependencies]").skip(1);
    for (index, line) in lines.take_while(|(_, line)| !line.starts_with('[')) {
        if line.is_empty() || line.starts_with('#') || line.contains("path = ") {
            continue;
        }
        let mut complain =
            |message| findings.push(Finding::new("Cargo.toml", index + 1, "manifest", message));
        if line.split_once("} #").is_none_or(|(_, reason)| reason.trim().is_empty()) {
            complain("a foreign crate needs its reason behind it: `# why`");
        }
        if !line.contains("default-features = false") {
            complain("a foreign crate has its default features off");
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::graph::{Edge, Package};
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\n\
        bytes.workspace = true\nserde = { workspace = true, optional = true }\n";

    #[test]
    fn versions_outside_the_root_are_found() {
        assert_eq!(member("a/Cargo.toml", GOOD), []);
        for bad in ["x = \"1\"\n", "x = { path = \"../x\" }\n", "x = { git = \"y\" }\n"] {
            assert_eq!(member("a/Cargo.toml", &format!("{GOOD}{bad}")).len(), 1, "{bad}");
        }
    }

    #[test]
    fn missing_lints_are_found() {
        assert_eq!(member("a/Cargo.toml", "[package]\nname = \"a\"\n").len(), 1);
    }

    #[test]
    fn the_root_gives_reasons() {
        let check = |line: &str, expected| {
            let text =
                format!("[workspace.dependencies]\n# Ours\na = {{ path = \"a\" }}\n{line}\n");
            assert_eq!(root(&text).len(), expected, "{line}");
        };
        check("x = { version = \"1\", default-features = false } # why", 0);
        check("x = { version = \"1\", default-features = false }", 1);
        check("x = { version = \"1\" } # why", 1);
        check("x = \"1\"", 2);
    }

    #[test]
    fn names_and_edges_of_packages_are_checked() {
        let check_rules = |name: &str, to: &str, kind, expected: &[&str]| {
            let package = Package {
                name: name.into(),
                folder: Some(name.into()),
                edges: vec![Edge { to: to.into(), kind }],
                ..Package::default()
            };
            let found = check(&Tree::of(&[]), &Graph { packages: vec![package] });
            let found: Vec<&str> = found.iter().map(|finding| finding.rule).collect();
            assert_eq!(found, expected);
        };
        check_rules("hub-core", "bytes", Kind::Product, &["name"]);
        check_rules("fabric", "anyhow", Kind::Product, &["anyhow"]);
        check_rules("fabric", "anyhow", Kind::Dev, &[]);
        check_rules("xtask", "anyhow", Kind::Product, &[]);
        check_rules("uns-model", "serde", Kind::Product, &["pure-model"]);
    }
}
