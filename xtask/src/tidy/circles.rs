//! The files of one crate import each other without circles: where two need each other they are one
//! file in disguise, and neither can be read, tested or moved alone. A name a file only passes on
//! (`pub use`) counts where it is defined.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Finding;
use super::graph::Graph;
use super::imports::{self, Import, Module};
use super::tree::Tree;

/// Files, and those each of them needs.
type Needs = BTreeMap<String, BTreeSet<String>>;

/// Finds every file that needs itself by way of others.
pub(crate) fn check(tree: &Tree, graph: &Graph) -> Vec<Finding> {
    let mut findings = BTreeSet::new();
    for root in graph.ours().flat_map(|package| &package.roots) {
        let needs = Crate::read(tree, root).needs();
        for file in needs.keys() {
            if let Some(way) = shortest_circle(&needs, file) {
                let message = format!(
                    "imports in a circle: {}; move what both need into a file of its own",
                    way.join(" → ")
                );
                findings.insert(Finding::new(file, 0, "circle", message));
            }
        }
    }
    findings.into_iter().collect()
}

/// One place in the tree of modules: the file it is in, and what it says.
struct Place {
    file: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    says: Module,
}

/// The modules of one target; the first is its root.
struct Crate {
    places: Vec<Place>,
}

impl Crate {
    fn read(tree: &Tree, root: &str) -> Self {
        let mut modules = Self { places: Vec::new() };
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        let says = imports::read(tree.text(root));
        modules.add(tree, (root, folder), None, says);
        modules
    }

    /// Adds a module and all below it; `folder` is where its children are.
    fn add(
        &mut self,
        tree: &Tree,
        (file, folder): (&str, &str),
        parent: Option<usize>,
        mut says: Module,
    ) -> usize {
        let at = self.places.len();
        let (files, inline) = (std::mem::take(&mut says.files), std::mem::take(&mut says.inline));
        let file = file.to_owned();
        self.places.push(Place { file: file.clone(), parent, children: BTreeMap::new(), says });
        for name in files {
            let below = format!("{folder}/{name}");
            let path = format!("{below}.rs");
            let path = path.trim_start_matches('/');
            let child = imports::read(tree.text(path));
            let child = self.add(tree, (path, &below), Some(at), child);
            self.places[at].children.insert(name, child);
        }
        for (name, module) in inline {
            let below = format!("{folder}/{name}");
            let child = self.add(tree, (&file, &below), Some(at), module);
            self.places[at].children.insert(name, child);
        }
        at
    }

    fn needs(&self) -> Needs {
        let mut needs = Needs::new();
        for (at, place) in self.places.iter().enumerate() {
            let used = |import: &&Import| {
                !import.public || import.name == "*" || place.says.words.contains(&import.name)
            };
            let named = place.says.imports.iter().filter(used).map(|import| &import.path);
            let files = named
                .chain(&place.says.paths)
                .filter_map(|path| self.resolve(at, path, DEPTH_MAX))
                .map(|to| self.places[to].file.clone())
                .filter(|file| *file != place.file);
            needs.entry(place.file.clone()).or_default().extend(files);
        }
        needs
    }

    /// The module in which what a path names is defined; `None` for names of other crates.
    fn resolve(&self, from: usize, path: &[String], depth: usize) -> Option<usize> {
        let (first, rest) = path.split_first()?;
        let place = &self.places[from];
        let mut at = match first.as_str() {
            "crate" => 0,
            "self" => from,
            "super" => place.parent?,
            name => match place.children.get(name) {
                Some(child) => *child,
                None => return self.passed_on(from, name, rest, depth),
            },
        };
        for (index, name) in rest.iter().enumerate() {
            let place = &self.places[at];
            at = match (name.as_str(), place.children.get(name)) {
                ("super", _) => place.parent?,
                (_, Some(child)) => *child,
                (name, None) => {
                    let defined = self.passed_on(at, name, &rest[index + 1..], depth);
                    return Some(defined.unwrap_or(at));
                }
            };
        }
        Some(at)
    }

    /// Where a name is from that this module has by a `use`.
    fn passed_on(&self, at: usize, name: &str, rest: &[String], depth: usize) -> Option<usize> {
        let depth = depth.checked_sub(1)?;
        let mut imports = self.places[at].says.imports.iter();
        let import = imports.find(|import| import.name == name && import.path != [name])?;
        let whole: Vec<String> = import.path.iter().chain(rest).cloned().collect();
        self.resolve(at, &whole, depth)
    }
}

/// How often a name may be passed on.
const DEPTH_MAX: usize = 16;

/// The shortest way from a file back to itself.
fn shortest_circle<'a>(needs: &'a Needs, file: &'a str) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut waiting = VecDeque::from([file]);
    while let Some(at) = waiting.pop_front() {
        for next in needs.get(at).into_iter().flatten() {
            if next == file {
                let mut way = vec![file, at];
                while let Some(last) = way.last().filter(|last| **last != file) {
                    way.push(before.get(last)?);
                }
                way.reverse();
                return Some(if at == file { vec![file, file] } else { way });
            }
            if !before.contains_key(next.as_str()) {
                before.insert(next, at);
                waiting.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::graph::Package;
    use super::*;

    fn check_files(files: &[(&str, &str)], expected: &[&str]) {
        let package = Package {
            folder: Some("a".into()),
            roots: vec!["a/src/lib.rs".into()],
            ..Package::default()
        };
        let found = check(&Tree::of(files), &Graph { packages: vec![package] });
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_circle_names_its_way() {
        let advice = "move what both need into a file of its own";
        check_files(
            &[
                ("a/src/lib.rs", "mod x;\nmod y;\nmod z;\n"),
                ("a/src/x.rs", "use crate::y::Y;\n"),
                ("a/src/y.rs", "fn f() { crate::x::f() }\n"),
                ("a/src/z.rs", "use crate::x::X;\n"),
            ],
            &[
                &format!(
                    "a/src/x.rs: [circle] imports in a circle: \
                     a/src/x.rs → a/src/y.rs → a/src/x.rs; {advice}"
                ),
                &format!(
                    "a/src/y.rs: [circle] imports in a circle: \
                     a/src/y.rs → a/src/x.rs → a/src/y.rs; {advice}"
                ),
            ],
        );
    }

    #[test]
    fn a_parent_that_uses_its_child_is_not_used_by_it() {
        let circle = &[
            ("a/src/lib.rs", "mod x;\n"),
            ("a/src/x.rs", "mod y;\npub struct X(y::Y);\n"),
            ("a/src/x/y.rs", "pub struct Y(Option<Box<super::X>>);\n"),
        ];
        let found = check(
            &Tree::of(circle),
            &Graph {
                packages: vec![Package {
                    folder: Some("a".into()),
                    roots: vec!["a/src/lib.rs".into()],
                    ..Package::default()
                }],
            },
        );
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_name_that_is_passed_on_counts_where_it_is_defined() {
        check_files(
            &[
                ("a/src/lib.rs", "mod x;\npub use x::{X, Y};\n"),
                ("a/src/x.rs", "mod y;\nmod z;\npub use y::Y;\npub use z::Z;\npub struct X(Z);\n"),
                ("a/src/x/y.rs", "use super::Z;\nuse crate::x::Z as Again;\n"),
                ("a/src/x/z.rs", "pub struct Z;\n"),
            ],
            &[],
        );
    }

    #[test]
    fn tests_may_use_what_they_check() {
        check_files(
            &[
                ("a/src/lib.rs", "mod x;\n"),
                ("a/src/x.rs", "mod y;\nuse y::Y;\n#[cfg(test)]\nmod tests;\n"),
                ("a/src/x/y.rs", "#[cfg(test)]\nmod tests { use crate::x::X; }\n"),
                ("a/src/x/tests.rs", "use super::*;\n"),
            ],
            &[],
        );
    }
}
