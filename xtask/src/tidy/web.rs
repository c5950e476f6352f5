//! Rules about the page's sources: no barrel files, pages and forms of bounded length.

use super::Finding;

const PAGE_LINES_MAX: usize = 250;

/// Checks one file of `web/src`; files elsewhere pass.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let Some(inside) = path.strip_prefix("web/src/") else { return Vec::new() };
    if !inside.ends_with(".ts") && !inside.ends_with(".tsx") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if matches!(inside.rsplit('/').next(), Some("index.ts" | "index.tsx")) {
        let message = "an index file invites barrel imports: import the file that has the thing";
        findings.push(Finding::new(path, 0, "barrel", message));
    }
    for (index, line) in text.lines().enumerate() {
        let re_exports = line.starts_with("export ")
            && (line.starts_with("export * ") || line.contains("} from "));
        if re_exports {
            let message = "re-exports what another file owns: import it from there";
            findings.push(Finding::new(path, index + 1, "barrel", message));
        }
    }
    let length = text.lines().count();
    if inside.starts_with("pages/") && length > PAGE_LINES_MAX {
        let message = format!("page of {length} lines, at most {PAGE_LINES_MAX}");
        findings.push(Finding::new(path, 0, "page-size", message));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_rules(path: &str, text: &str, expected: &[&str]) {
        let found: Vec<&str> = check(path, text).iter().map(|finding| finding.rule).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn barrels_are_found() {
        check_rules("web/src/ui/index.ts", "", &["barrel"]);
        check_rules("web/src/ui/all.ts", "export * from './button';", &["barrel"]);
        check_rules("web/src/ui/all.ts", "export { Button } from './button';", &["barrel"]);
        check_rules("web/src/ui/button.tsx", "export function Button() {}", &[]);
        check_rules("web/vite.config.ts", "export * from './x';", &[]);
    }

    #[test]
    fn long_pages_are_found() {
        let long = "const a = 1;\n".repeat(PAGE_LINES_MAX + 1);
        check_rules("web/src/pages/tree.tsx", &long, &["page-size"]);
        check_rules("web/src/chart.ts", &long, &[]);
    }
}
