//! The size wall: 500 lines per source file, 400 for the architecture document. A file past the
//! wall stands in the ratchet list with its length and reason; the number may only shrink.

use super::Finding;
use super::tree::Tree;

/// The list: `lines path # reason`.
pub(crate) const RATCHET: &str = "xtask/size-ratchet.txt";

const WALL: usize = 500;
const ARCHITECTURE_LINES_MAX: usize = 400;
const ENDINGS: &[&str] = &[".rs", ".ts", ".tsx", ".css", ".sh", ".py"];

/// Checks the length of every source file against the wall and the list.
pub(crate) fn check(tree: &Tree, ratchet: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let listed: Vec<(usize, &str)> = ratchet.lines().filter_map(entry).collect();
    for file in &tree.files {
        let length = file.text.lines().count();
        if file.path == "ARCHITECTURE.md" && length > ARCHITECTURE_LINES_MAX {
            let message =
                format!("{length} lines, at most {ARCHITECTURE_LINES_MAX}: nobody reads more");
            findings.push(Finding::new(&file.path, 0, "size", message));
        }
        let counts = ENDINGS.iter().any(|end| file.path.ends_with(end)) && !generated(&file.text);
        if !counts {
            continue;
        }
        let limit = listed.iter().find(|(_, path)| *path == file.path).map(|(lines, _)| *lines);
        let message = match limit {
            None if length > WALL => {
                format!("{length} lines, the wall is {WALL}: split by concept")
            }
            Some(lines) if length > lines => {
                format!("{length} lines, the ratchet stands at {lines}")
            }
            Some(_) if length <= WALL => format!("{length} lines: remove it from {RATCHET}"),
            Some(lines) if length < lines => format!("{length} lines: lower {RATCHET} to that"),
            _ => continue,
        };
        findings.push(Finding::new(&file.path, 0, "size", message));
    }
    for (_, path) in listed {
        if !tree.files.iter().any(|file| file.path == path) {
            findings.push(Finding::new(RATCHET, 0, "size", format!("`{path}` is gone: remove it")));
        }
    }
    findings
}

fn entry(line: &str) -> Option<(usize, &str)> {
    let (entry, reason) = line.split_once('#')?;
    let (lines, path) = entry.trim().split_once(' ')?;
    (!reason.trim().is_empty()).then_some((lines.parse().ok()?, path.trim()))
}

/// Files written by a tool say so in their first lines.
fn generated(text: &str) -> bool {
    text.lines().take(5).any(|line| line.contains("@generated") || line.contains("auto-generated"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_messages(lines: usize, ratchet: &str, expected: &[&str]) {
        let text = "x\n".repeat(lines);
        let found = check(&Tree::of(&[("a.rs", &text)]), ratchet);
        let found: Vec<String> = found.into_iter().map(|finding| finding.message).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_wall_stands() {
        check_messages(500, "", &[]);
        check_messages(501, "", &["501 lines, the wall is 500: split by concept"]);
        check_messages(501, "600 a.rs", &["501 lines, the wall is 500: split by concept"]);
    }

    #[test]
    fn the_ratchet_only_shrinks() {
        check_messages(600, "600 a.rs # one table", &[]);
        check_messages(601, "600 a.rs # one table", &["601 lines, the ratchet stands at 600"]);
        check_messages(
            599,
            "600 a.rs # one table",
            &["599 lines: lower xtask/size-ratchet.txt to that"],
        );
        check_messages(
            500,
            "600 a.rs # one table",
            &["500 lines: remove it from xtask/size-ratchet.txt"],
        );
        check_messages(1, "600 b.rs # one table", &["`b.rs` is gone: remove it"]);
    }

    #[test]
    fn generated_files_and_the_document() {
        let generated = format!("// @generated\n{}", "x\n".repeat(600));
        let document = "x\n".repeat(401);
        let tree = Tree::of(&[("api.ts", &generated), ("ARCHITECTURE.md", &document)]);
        let found = check(&tree, "");
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|finding| finding.path == "ARCHITECTURE.md"));
    }
}
