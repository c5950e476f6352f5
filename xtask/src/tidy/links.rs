//! Relative links in Markdown files must lead somewhere.

use super::Finding;

/// Checks one file; `exists` answers for a path relative to the root of the checkout.
pub(crate) fn check(path: &str, text: &str, exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        for target in targets(line) {
            let Some(resolved) = resolve(path, &target) else { continue };
            if !exists(&resolved) {
                let message = format!("link to `{target}` leads nowhere");
                findings.push(Finding::new(path, index + 1, "link", message));
            }
        }
    }
    findings
}

/// Link targets of one line, inline code left out.
fn targets(line: &str) -> Vec<String> {
    let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
    prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split_whitespace().next().unwrap_or_default().to_owned())
        .collect()
}

/// The target as a path from the root, or `None` when it points elsewhere.
fn resolve(path: &str, target: &str) -> Option<String> {
    let target = target.split('#').next().unwrap_or_default();
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_count(path: &str, text: &str, expected: usize) {
        let exists = |path: &str| matches!(path, "docs/adr/0001.md" | "README.md");
        assert_eq!(check(path, text, &exists).len(), expected, "{text}");
    }

    #[test]
    fn dead_links_are_found() {
        check_count("ARCHITECTURE.md", "see [it](docs/adr/0009.md)", 1);
        check_count("docs/adr/0001.md", "[a](../README.md) [b](0002.md \"title\")", 2);
    }

    #[test]
    fn living_and_foreign_links_pass() {
        check_count("ARCHITECTURE.md", "[a](docs/adr/0001.md#top) and [b](#here)", 0);
        check_count("docs/adr/0001.md", "[a](../../README.md) [b](https://example.org/x)", 0);
        check_count("README.md", "`[a](nowhere)`\n```\n[b](nowhere)\n```\n", 0);
    }
}
