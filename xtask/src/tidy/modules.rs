//! Every Rust file is reached by a `mod` line from some target; a file that is not is dead weight
//! that looks alive.

use std::collections::BTreeSet;

use super::Finding;
use super::graph::Graph;
use super::scan;
use super::tree::Tree;

/// Finds the `.rs` files no target reaches.
pub(crate) fn check(tree: &Tree, graph: &Graph) -> Vec<Finding> {
    let roots = graph.ours().flat_map(|package| package.roots.iter().cloned());
    let mut waiting: Vec<(String, String)> =
        roots.map(|root| (root.clone(), folder(&root).to_owned())).collect();
    let mut reached = BTreeSet::new();
    while let Some((path, children)) = waiting.pop() {
        if !reached.insert(path.clone()) {
            continue;
        }
        let text = tree.text(&path);
        for module in declared(text) {
            let target = match module {
                Module::Named(name) => format!("{children}/{name}.rs"),
                Module::At(file) => join(folder(&path), &file),
            };
            let target = target.trim_start_matches('/').to_owned();
            let own = target.trim_end_matches(".rs").to_owned();
            waiting.push((target, own));
        }
    }
    let files = tree.files.iter().filter(|file| file.path.ends_with(".rs"));
    let dead = files.filter(|file| !reached.contains(&file.path));
    let message = "no `mod` line reaches this file";
    dead.map(|file| Finding::new(&file.path, 0, "unreached", message)).collect()
}

enum Module {
    Named(String),
    At(String),
}

/// Modules with a file of their own. The path of a `#[path]` attribute is a string and so is read
/// from the raw line.
fn declared(text: &str) -> Vec<Module> {
    let mut modules = Vec::new();
    let mut at: Option<String> = None;
    for (line, raw) in scan::lines(text).iter().zip(text.lines()) {
        let code = line.code.trim();
        if code.starts_with("#[path") {
            at = raw.split('"').nth(1).map(str::to_owned);
        }
        let Some(declaration) = code.strip_suffix(';') else { continue };
        let words: Vec<&str> = declaration.split_whitespace().collect();
        let [.., "mod", name] = words.as_slice() else { continue };
        modules.push(at.take().map_or_else(|| Module::Named((*name).to_owned()), Module::At));
    }
    modules
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn join(folder: &str, file: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in file.split('/') {
        if part == ".." {
            parts.pop();
        } else if part != "." {
            parts.push(part);
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::graph::Package;
    use super::*;

    fn check_paths(files: &[(&str, &str)], expected: &[&str]) {
        let package = Package {
            folder: Some("a".into()),
            roots: vec!["a/src/lib.rs".into(), "tests/mqtt/main.rs".into()],
            ..Package::default()
        };
        let found = check(&Tree::of(files), &Graph { packages: vec![package] });
        let found: Vec<&str> = found.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn reached_files_pass() {
        check_paths(
            &[
                ("a/src/lib.rs", "mod topic;\npub(crate) mod filter;\n"),
                ("a/src/topic.rs", "#[cfg(test)]\nmod tests;\n"),
                ("a/src/topic/tests.rs", ""),
                ("a/src/filter.rs", ""),
                (
                    "tests/mqtt/main.rs",
                    "mod retained;\n#[path = \"../support.rs\"]\nmod support;\n",
                ),
                ("tests/mqtt/retained.rs", ""),
                ("tests/support.rs", "mod hub;\n"),
                ("tests/support/hub.rs", ""),
            ],
            &[],
        );
    }

    #[test]
    fn unreached_files_are_found() {
        check_paths(
            &[
                ("a/src/lib.rs", "// mod old;\nconst S: &str = \"mod older;\";\nmod tests {}\n"),
                ("a/src/old.rs", ""),
                ("a/src/older.rs", ""),
                ("a/src/lib/tests.rs", ""),
            ],
            &["a/src/old.rs", "a/src/older.rs", "a/src/lib/tests.rs"],
        );
    }
}
