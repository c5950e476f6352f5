//! Rules about comments: no open ends without an issue, no code kept in comments.

use super::Finding;
use super::scan;

/// Words that mark an open end; written in two halves so that this file does not contain them.
const OPEN_ENDS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

const CODE_STARTS: &[&str] = &[
    "let ", "use ", "mod ", "fn ", "pub ", "return ", "impl ", "struct ", "enum ", "if ", "for ",
    "while ", "match ", "loop ", "async ", "unsafe ", "else ", "} else", "const ", "import ",
    "export ", "assert",
];

/// Checks the comments of one file.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, comment) in comments(path, text) {
        if open_end(&comment) {
            let message = "an open end needs its issue on the same line, as `#123`";
            findings.push(Finding::new(path, number, "open-end", message));
        }
        if looks_like_code(&comment) {
            let message = "code kept in a comment: delete it, the history remembers";
            findings.push(Finding::new(path, number, "commented-code", message));
        }
    }
    findings
}

/// Line numbers and comments; only Rust is taken apart exactly, elsewhere a comment is a line that
/// starts with its sign.
fn comments(path: &str, text: &str) -> Vec<(usize, String)> {
    if path.ends_with(".rs") {
        let lines = scan::lines(text).into_iter().enumerate();
        return lines.map(|(index, line)| (index + 1, line.comment)).collect();
    }
    let sign = match path.rsplit('.').next() {
        Some("ts" | "tsx" | "css") => "/",
        Some("toml" | "sh" | "py" | "Makefile") => "#",
        _ => return Vec::new(),
    };
    let starts = |line: &&str| line.trim_start().starts_with(sign);
    let lines = text.lines().enumerate().filter(|(_, line)| starts(line));
    lines.map(|(index, line)| (index + 1, line.trim_start().to_owned())).collect()
}

fn open_end(comment: &str) -> bool {
    let mut words = comment.split(|c: char| !c.is_alphanumeric());
    let open = words.any(|word| OPEN_ENDS.contains(&word));
    let issue =
        comment.split('#').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    open && !issue
}

/// A guess that must not hit prose: the line has to end like code and to hold code besides.
fn looks_like_code(comment: &str) -> bool {
    let Some(body) = comment.strip_prefix("//") else { return false };
    if body.starts_with(['/', '!']) {
        return false;
    }
    let body = body.trim();
    let starts = CODE_STARTS.iter().any(|start| body.starts_with(start));
    match body.chars().last() {
        Some(';') => starts || calls(body) || body.contains(" = "),
        Some('{') => starts,
        Some(']') => body.starts_with("#["),
        _ => matches!(body, "}" | "})" | "}," | "}),"),
    }
}

/// True when an opening bracket directly follows a name.
fn calls(body: &str) -> bool {
    body.split('(').count() > 1
        && body.split('(').any(|part| part.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_rules(path: &str, text: &str, expected: &[&str]) {
        let found: Vec<&str> = check(path, text).iter().map(|finding| finding.rule).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn open_ends_need_an_issue() {
        for word in OPEN_ENDS {
            check_rules("a.rs", &format!("// {word}: later\n"), &["open-end"]);
            check_rules("a.sh", &format!("# {word} later\n"), &["open-end"]);
            check_rules("a.rs", &format!("// {word}(#12): later\n"), &[]);
            check_rules("a.rs", &format!("f(\"{word}\")\n"), &[]);
        }
    }

    #[test]
    fn code_in_comments_is_found() {
        for sample in [
            "// let x = 1;",
            "    // self.queue.push(item);",
            "// if queue.is_empty() {",
            "// }",
            "// x = y;",
            "// #[derive(Debug)]",
        ] {
            check_rules("a.rs", sample, &["commented-code"]);
        }
        check_rules("a.ts", "// const a = b;\n", &["commented-code"]);
    }

    #[test]
    fn prose_is_left_alone() {
        for sample in [
            "// The frame is complete here; a torn tail ends earlier.",
            "// if the queue is empty, nobody waits",
            "// Bounded (see `Config`);",
            "/// let x = 1;",
            "//! use foo;",
            "let x = 1; // because of the peer;",
        ] {
            check_rules("a.rs", sample, &[]);
        }
    }
}
