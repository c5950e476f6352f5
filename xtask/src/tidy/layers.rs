//! The layer table of `ARCHITECTURE.md` against the graph cargo sees. The table has one row per
//! package: `| layer | package | folder | may touch | job |`; packages of layer `–` are tools, on
//! which nothing depends and which may depend on anything. A test-only edge that does not point
//! down must be stated below the table: ``- test-only: `a` → `b`, reason``.

use super::Finding;
use super::graph::{Graph, Kind, Package};

const FILE: &str = "ARCHITECTURE.md";

/// Foreign crates that touch disk, sockets or threads: not for a crate that calls itself pure.
const IMPURE: &[&str] = &["tokio", "libc", "sqlx", "axum", "tower-http", "tokio-rustls", "mio"];

struct Row<'a> {
    line: usize,
    /// `None` for tools.
    layer: Option<u32>,
    package: &'a str,
    folder: &'a str,
    pure: bool,
}

/// Compares both; every difference is a finding.
pub(crate) fn check(document: &str, graph: &Graph) -> Vec<Finding> {
    let rows = rows(document);
    let mut findings = Vec::new();
    if rows.is_empty() {
        findings.push(Finding::new(FILE, 0, "layers", "the layer table is missing"));
        return findings;
    }
    for row in &rows {
        if !graph.ours().any(|package| package.name == row.package) {
            let message = format!("`{}` is in the table, not in the workspace", row.package);
            findings.push(Finding::new(FILE, row.line, "layers", message));
        }
    }
    let stated = test_only_edges(document);
    for (from, to) in &stated {
        let package = graph.ours().find(|package| package.name == *from);
        let edges = package.map_or(&[][..], |package| &package.edges);
        if !edges.iter().any(|edge| edge.kind == Kind::Dev && edge.to == *to) {
            let message = format!("the test-only edge `{from}` → `{to}` is gone: remove the line");
            findings.push(Finding::new(FILE, 0, "layers", message));
        }
    }
    for package in graph.ours() {
        let Some(row) = rows.iter().find(|row| row.package == package.name) else {
            let message = format!("`{}` is in the workspace, not in the table", package.name);
            findings.push(Finding::new(FILE, 0, "layers", message));
            continue;
        };
        findings.extend(check_package(row, package, &rows, &stated));
    }
    findings
}

fn check_package(
    row: &Row<'_>,
    package: &Package,
    rows: &[Row<'_>],
    stated: &[(String, String)],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let folder = package.folder.as_deref().unwrap_or_default();
    let manifest =
        if folder.is_empty() { "Cargo.toml".into() } else { format!("{folder}/Cargo.toml") };
    if row.folder != if folder.is_empty() { "." } else { folder } {
        let message = format!("the table says `{}`, it lies in `{folder}`", row.folder);
        findings.push(Finding::new(FILE, row.line, "layers", message));
    }
    for edge in &package.edges {
        if row.pure && edge.kind == Kind::Product && IMPURE.contains(&edge.to.as_str()) {
            let message = format!("`{}` is stated pure, `{}` is not", package.name, edge.to);
            findings.push(Finding::new(&manifest, 0, "layers", message));
        }
        let Some(target) = rows.iter().find(|row| row.package == edge.to) else { continue };
        let excused = edge.kind == Kind::Dev
            && stated.iter().any(|(from, to)| *from == package.name && *to == edge.to);
        let message = match (row.layer, target.layer) {
            (_, None) => format!("`{}` is a tool: nothing depends on it", edge.to),
            (Some(from), Some(to)) if to >= from && !excused => format!(
                "edge `{}` (layer {from}) → `{}` (layer {to}) does not point down",
                package.name, edge.to
            ),
            _ => continue,
        };
        findings.push(Finding::new(&manifest, 0, "layers", message));
    }
    findings
}

fn rows(document: &str) -> Vec<Row<'_>> {
    let table = document.lines().enumerate();
    let table = table.skip_while(|(_, line)| !line.starts_with("| layer | package |"));
    let table = table.skip(2).take_while(|(_, line)| line.starts_with('|'));
    table.filter_map(|(index, line)| row(index + 1, line)).collect()
}

fn row(line: usize, text: &str) -> Option<Row<'_>> {
    let cells: Vec<&str> = text.split('|').map(str::trim).collect();
    let [_, layer, package, folder, touch, ..] = cells.as_slice() else { return None };
    Some(Row {
        line,
        layer: layer.parse().ok(),
        package: package.trim_matches('`'),
        folder: folder.trim_matches('`'),
        pure: touch.contains("pure"),
    })
}

fn test_only_edges(document: &str) -> Vec<(String, String)> {
    let lines = document.lines().filter_map(|line| line.strip_prefix("- test-only: "));
    let edge = |line: &str| {
        let (from, rest) = line.split_once('→')?;
        let to = rest.split('`').nth(1)?;
        Some((from.trim().trim_matches('`').to_owned(), to.to_owned()))
    };
    lines.filter_map(edge).collect()
}

#[cfg(test)]
mod tests {
    use super::super::graph::Edge;
    use super::*;

    const TABLE: &str = "
| layer | package | folder | may touch | job |
|---|---|---|---|---|
| 0 | `model` | `model` | nothing: pure | words |
| 1 | `codec` | `codec` | nothing: pure | bytes |
| 1 | `segment` | `segment` | disk | files |
| 2 | `uns` | `.` | everything | wiring |
| – | `xtask` | `xtask` | everything | checks |

- test-only: `segment` → `codec`, samples for its tests
";

    fn package(name: &str, edges: &[(&str, Kind)]) -> Package {
        let edge = |&(to, kind): &(&str, Kind)| Edge { to: to.into(), kind };
        Package {
            name: name.into(),
            folder: Some(if name == "uns" { String::new() } else { name.into() }),
            edges: edges.iter().map(edge).collect(),
            ..Package::default()
        }
    }

    /// The table's packages with one of them replaced by `changed`.
    fn check_messages(changed: Package, expected: &[&str]) {
        let names = ["model", "codec", "segment", "uns", "xtask"];
        let rest = names.iter().filter(|name| **name != changed.name);
        let mut packages: Vec<Package> = rest.map(|name| package(name, &[])).collect();
        // The stated edge exists unless the test changes its package.
        for package in packages.iter_mut().filter(|package| package.name == "segment") {
            package.edges.push(Edge { to: "codec".into(), kind: Kind::Dev });
        }
        packages.push(changed);
        let found = check(TABLE, &Graph { packages });
        let found: Vec<String> = found.into_iter().map(|finding| finding.message).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn edges_that_point_down_pass() {
        check_messages(package("uns", &[("codec", Kind::Product), ("model", Kind::Product)]), &[]);
        check_messages(package("xtask", &[("uns", Kind::Product)]), &[]);
    }

    #[test]
    fn edges_up_or_sideways_are_found() {
        let expected = "edge `model` (layer 0) → `codec` (layer 1) does not point down";
        check_messages(package("model", &[("codec", Kind::Product)]), &[expected]);
        let expected = "edge `codec` (layer 1) → `segment` (layer 1) does not point down";
        check_messages(package("codec", &[("segment", Kind::Dev)]), &[expected]);
    }

    #[test]
    fn test_only_edges_must_be_stated_and_stay_test_only() {
        check_messages(package("segment", &[("codec", Kind::Dev)]), &[]);
        let gone = "the test-only edge `segment` → `codec` is gone: remove the line";
        check_messages(package("segment", &[]), &[gone]);
        let sideways = "edge `segment` (layer 1) → `codec` (layer 1) does not point down";
        check_messages(package("segment", &[("codec", Kind::Product)]), &[gone, sideways]);
    }

    #[test]
    fn nothing_depends_on_tools() {
        let expected = "`xtask` is a tool: nothing depends on it";
        check_messages(package("uns", &[("xtask", Kind::Dev)]), &[expected]);
    }

    #[test]
    fn pure_crates_stay_pure() {
        let expected = "`codec` is stated pure, `tokio` is not";
        check_messages(package("codec", &[("tokio", Kind::Product)]), &[expected]);
        let edges = [("tokio", Kind::Product), ("codec", Kind::Dev)];
        check_messages(package("segment", &edges), &[]);
    }

    #[test]
    fn table_and_workspace_name_the_same_packages() {
        let expected = "`extra` is in the workspace, not in the table";
        check_messages(package("extra", &[]), &[expected]);
        let found = check(TABLE, &Graph { packages: vec![package("model", &[])] });
        assert_eq!(found.len(), 5);
        assert_eq!(check("", &Graph::default()).len(), 1);
        let mut moved = package("codec", &[]);
        moved.folder = Some("elsewhere".into());
        check_messages(moved, &["the table says `codec`, it lies in `elsewhere`"]);
    }
}
