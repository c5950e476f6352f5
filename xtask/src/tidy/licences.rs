//! Licences of everything linked. The set is pinned here and repeated in `deny.toml` for
//! cargo-deny; both must agree, so that widening it is a visible change in two files.

use super::Finding;
use super::graph::Graph;

/// Licences a dependency may have.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Compares the pinned set with `deny.toml` and every package with the set.
pub(crate) fn check(deny: &str, graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    let listed = listed(deny);
    if listed != ALLOWED {
        let message = format!("`licenses.allow` must be {ALLOWED:?}, it is {listed:?}");
        findings.push(Finding::new("deny.toml", 0, "licence", message));
    }
    for package in &graph.packages {
        if !allowed(&package.licence) {
            let (name, version) = (&package.name, &package.version);
            let message = format!("`{name}` {version} has licence `{}`", package.licence);
            findings.push(Finding::new("Cargo.lock", 0, "licence", message));
        }
    }
    findings
}

fn listed(deny: &str) -> Vec<&str> {
    let after = deny.split_once("allow = [").map_or("", |(_, after)| after);
    let inside = after.split_once(']').map_or("", |(inside, _)| inside);
    inside.split('"').skip(1).step_by(2).collect()
}

/// Judges an SPDX expression: one allowed alternative is enough, every joined part is needed.
/// The old form `MIT/Apache-2.0` means "or".
fn allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let verdict = parser.alternatives();
    verdict && parser.at == tokens.len()
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    at: usize,
}

impl Parser<'_> {
    fn accept(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&token);
        self.at += usize::from(found);
        found
    }

    fn alternatives(&mut self) -> bool {
        let mut verdict = self.joined();
        while self.accept("OR") {
            verdict |= self.joined();
        }
        verdict
    }

    fn joined(&mut self) -> bool {
        let mut verdict = self.one();
        while self.accept("AND") {
            verdict &= self.one();
        }
        verdict
    }

    fn one(&mut self) -> bool {
        if self.accept("(") {
            let verdict = self.alternatives();
            return self.accept(")") && verdict;
        }
        let known = self.tokens.get(self.at).is_some_and(|name| ALLOWED.contains(name));
        self.at += 1;
        // An exception only ever grants more.
        if self.accept("WITH") {
            self.at += 1;
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::Package;
    use super::*;

    #[test]
    fn expressions_are_judged() {
        for good in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(allowed(good), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR GPL-3.0) AND AGPL-3.0", "MIT)"] {
            assert!(!allowed(bad), "{bad}");
        }
    }

    #[test]
    fn a_foreign_licence_and_a_wider_set_are_found() {
        let deny = format!("[licenses]\nallow = {ALLOWED:?}\n");
        let package = |licence: &str| Package {
            name: "x".into(),
            version: "1.0.0".into(),
            licence: licence.into(),
            ..Package::default()
        };
        assert_eq!(check(&deny, &Graph { packages: vec![package("MIT")] }), []);
        assert_eq!(check(&deny, &Graph { packages: vec![package("SSPL-1.0")] }).len(), 1);
        let wider = deny.replace("\"MIT\"", "\"MIT\", \"SSPL-1.0\"");
        assert_eq!(check(&wider, &Graph::default()).len(), 1);
    }
}
