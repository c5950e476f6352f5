//! The crate graph in plain terms, from `cargo metadata`, and facts about foreign crates that must
//! stay true of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, MetadataCommand, PackageId, Resolve};

use super::Finding;

/// When a dependency is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Into the product, or into its build script.
    Product,
    /// Into tests, examples and benches.
    Dev,
}

/// One dependency as a manifest declares it.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    /// Package name.
    pub(crate) to: String,
    /// When it is linked.
    pub(crate) kind: Kind,
}

/// A package of the resolved graph.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    /// Package name.
    pub(crate) name: String,
    /// Version, to tell twins apart.
    pub(crate) version: String,
    /// Linked into the binary, not only into tests, benches or tools.
    pub(crate) product: bool,
    /// SPDX expression.
    pub(crate) licence: String,
    /// Where it is from; empty for our own.
    pub(crate) source: String,
    /// Folder from the root, for our own packages only.
    pub(crate) folder: Option<String>,
    /// Declared dependencies, for our own packages only.
    pub(crate) edges: Vec<Edge>,
    /// Files the compiler starts from, for our own packages only.
    pub(crate) roots: Vec<String>,
}

/// All packages linked on this platform.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// The packages.
    pub(crate) packages: Vec<Package>,
}

impl Graph {
    /// Asks cargo.
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .other_options(["--filter-platform".to_owned(), host()?])
            .exec()
            .context("cargo metadata")?;
        let resolve = metadata.resolve.as_ref().context("cargo metadata resolves the graph")?;
        let used: BTreeSet<_> = resolve.nodes.iter().map(|node| &node.id).collect();
        let product = product(resolve);
        let relative = |path: &Path| {
            let inside = path.strip_prefix(root).unwrap_or(path);
            inside.to_string_lossy().replace('\\', "/")
        };
        let packages = metadata.packages.iter().filter(|package| used.contains(&package.id));
        let packages = packages.map(|package| {
            let ours = metadata.workspace_members.contains(&package.id);
            let folder = package.manifest_path.as_std_path().parent().map(relative);
            let edges = package.dependencies.iter().map(|dependency| Edge {
                to: dependency.name.clone(),
                kind: match dependency.kind {
                    DependencyKind::Development => Kind::Dev,
                    _ => Kind::Product,
                },
            });
            let roots =
                package.targets.iter().map(|target| relative(target.src_path.as_std_path()));
            Package {
                name: package.name.to_string(),
                version: package.version.to_string(),
                product: product.contains(&package.id),
                licence: package.license.clone().unwrap_or_default(),
                source: package.source.as_ref().map(ToString::to_string).unwrap_or_default(),
                folder: folder.filter(|_| ours),
                edges: if ours { edges.collect() } else { Vec::new() },
                roots: if ours { roots.collect() } else { Vec::new() },
            }
        });
        Ok(Self { packages: packages.collect() })
    }

    /// Packages of this workspace.
    pub(crate) fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.folder.is_some())
    }
}

/// What the root package links, build scripts included and test needs left out.
fn product(resolve: &Resolve) -> BTreeSet<&PackageId> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&PackageId> = resolve.root.iter().collect();
    while let Some(id) = waiting.pop() {
        if !reached.insert(id) {
            continue;
        }
        let nodes = resolve.nodes.iter().filter(|node| node.id == *id);
        for needed in nodes.flat_map(|node| &node.deps) {
            if needed.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development) {
                waiting.push(&needed.pkg);
            }
        }
    }
    reached
}

/// The platform this runs on; crates of other platforms need not be downloaded to be judged.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc -vV")?;
    let text = String::from_utf8(output.stdout).context("rustc -vV prints text")?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc -vV names its host")?.to_owned())
}

/// Crates that must not be linked at all, with the reason.
const BANNED: &[(&str, &str)] = &[
    ("aws-lc-sys", "one TLS provider: rustls with ring"),
    ("aws-lc-rs", "one TLS provider: rustls with ring"),
    ("openssl-sys", "one TLS provider: rustls with ring"),
    ("rusqlite", "sqlx owns SQLite; two bindings of it cannot be combined"),
];

/// The one place foreign crates may be from, as `deny.toml` has it too.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Crates of which a second version would double a heavy build or split a type in two.
const SINGLE: &[&str] =
    &["arrow-array", "arrow-schema", "parquet", "tokio", "rustls", "axum", "sqlx", "bytes"];

/// Heavy crates and the only packages of ours that may name them.
const WRAPPED: &[(&str, &[&str])] = &[
    ("datafusion", &["historian-sql"]),
    ("parquet", &["historian-segment"]),
    ("libsqlite3-sys", &["sim"]),
];

/// Facts about foreign crates; what only tests and benches link, such as a peer, is left alone.
pub(crate) fn check_facts(graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut complain =
        |path: &str, message: String| findings.push(Finding::new(path, 0, "graph", message));
    let product = || graph.packages.iter().filter(|package| package.product);
    for package in product() {
        if let Some((name, reason)) = BANNED.iter().find(|(name, _)| *name == package.name) {
            complain("Cargo.lock", format!("`{name}` is linked: {reason}"));
        }
    }
    for package in graph.packages.iter().filter(|package| package.folder.is_none()) {
        if package.source != REGISTRY {
            let (name, source) = (&package.name, &package.source);
            complain("Cargo.lock", format!("`{name}` is from `{source}`, not from crates.io"));
        }
    }
    for name in SINGLE {
        let versions = product().filter(|package| package.name == *name);
        let versions: Vec<&str> = versions.map(|package| package.version.as_str()).collect();
        if versions.len() > 1 {
            complain("Cargo.lock", format!("`{name}` is linked in versions {versions:?}"));
        }
    }
    for package in graph.ours() {
        let manifest = format!("{}/Cargo.toml", package.folder.as_deref().unwrap_or_default());
        for edge in package.edges.iter().filter(|edge| edge.kind == Kind::Product) {
            let wrapped = WRAPPED.iter().find(|(name, _)| *name == edge.to);
            let Some((name, owners)) = wrapped else { continue };
            if !owners.contains(&package.name.as_str()) {
                complain(&manifest, format!("`{name}` belongs behind {owners:?}"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(name: &str, version: &str) -> Package {
        let source = REGISTRY.into();
        let (name, version) = (name.into(), version.into());
        Package { name, version, source, product: true, ..Package::default() }
    }

    fn check_messages(packages: Vec<Package>, expected: &[&str]) {
        let found = check_facts(&Graph { packages });
        let found: Vec<String> = found.into_iter().map(|finding| finding.message).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn banned_crates_are_found() {
        let expected = "`aws-lc-sys` is linked: one TLS provider: rustls with ring";
        check_messages(vec![foreign("aws-lc-sys", "0.1.0")], &[expected]);
    }

    #[test]
    fn crates_of_another_source_are_found() {
        let source = "git+https://git.example/x#1".to_owned();
        let expected = "`x` is from `git+https://git.example/x#1`, not from crates.io";
        check_messages(vec![Package { source, ..foreign("x", "1.0.0") }], &[expected]);
    }

    #[test]
    fn twins_are_found() {
        let twins = vec![foreign("arrow-array", "59.3.0"), foreign("arrow-array", "60.0.0")];
        check_messages(twins, &["`arrow-array` is linked in versions [\"59.3.0\", \"60.0.0\"]"]);
        let peer = Package { product: false, ..foreign("arrow-array", "60.0.0") };
        check_messages(vec![foreign("arrow-array", "59.3.0"), peer], &[]);
    }

    #[test]
    fn wrapped_crates_stay_behind_their_wrapper() {
        let package = |name: &str, kind| Package {
            name: name.into(),
            folder: Some(name.into()),
            edges: vec![Edge { to: "datafusion".into(), kind }],
            ..Package::default()
        };
        let expected = "`datafusion` belongs behind [\"historian-sql\"]";
        check_messages(vec![package("historian-query", Kind::Product)], &[expected]);
        check_messages(vec![package("historian-query", Kind::Dev)], &[]);
        check_messages(vec![package("historian-sql", Kind::Product)], &[]);
    }
}
