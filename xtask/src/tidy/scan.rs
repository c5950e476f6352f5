//! A Rust file as lines of code and lines of comment, with the contents of strings blanked: rules
//! that search for words must not trip over a message or a test sample that mentions them.

/// One line of a source file, taken apart.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Code, with the inside of string and character literals left out.
    pub(crate) code: String,
    /// Comment, with its slashes.
    pub(crate) comment: String,
}

enum State {
    Code,
    LineComment,
    BlockComment(usize),
    Text,
    RawText(usize),
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    state: State,
    lines: Vec<Line>,
    line: Line,
}

/// Takes `text` apart; the result has one entry per line.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let mut scanner = Scanner {
        chars: text.chars().collect(),
        at: 0,
        state: State::Code,
        lines: Vec::new(),
        line: Line::default(),
    };
    while scanner.at < scanner.chars.len() {
        scanner.step();
    }
    scanner.lines.push(scanner.line);
    scanner.lines
}

impl Scanner {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn step(&mut self) {
        let now = self.peek(0);
        if now == '\n' {
            self.lines.push(std::mem::take(&mut self.line));
            if matches!(self.state, State::LineComment) {
                self.state = State::Code;
            }
            self.at += 1;
            return;
        }
        match self.state {
            State::Code => self.code(now),
            State::LineComment => self.comment(1),
            State::BlockComment(depth) => self.block_comment(now, depth),
            State::Text => match now {
                '\\' if self.peek(1) != '\n' => self.at += 2,
                '"' => self.back_to_code('"', 1),
                _ => self.at += 1,
            },
            State::RawText(hashes) => {
                let closes = now == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == '#');
                if closes {
                    self.back_to_code('"', 1 + hashes);
                } else {
                    self.at += 1;
                }
            }
        }
    }

    fn code(&mut self, now: char) {
        match (now, self.peek(1)) {
            ('/', '/') => self.state = State::LineComment,
            ('/', '*') => {
                self.state = State::BlockComment(1);
                self.comment(2);
            }
            ('"', _) => {
                self.state = State::Text;
                self.keep(1);
            }
            ('r', '"' | '#') if !self.after_word() => self.raw_text(),
            ('\'', '\\') => self.character(),
            ('\'', _) if self.peek(2) == '\'' => self.at += 3,
            _ => self.keep(1),
        }
    }

    fn block_comment(&mut self, now: char, depth: usize) {
        let depth = match (now, self.peek(1)) {
            ('*', '/') => depth - 1,
            ('/', '*') => depth + 1,
            _ => return self.comment(1),
        };
        self.comment(2);
        self.state = if depth == 0 { State::Code } else { State::BlockComment(depth) };
    }

    /// True when the character before is part of a name, as the `r` of `var"` would be; the
    /// prefixes `b` and `c` of literals do not count.
    fn after_word(&self) -> bool {
        let mut before = self.line.code.chars().rev();
        match before.next() {
            Some('b' | 'c') => before.next().is_some_and(|c| c.is_alphanumeric() || c == '_'),
            Some(c) => c.is_alphanumeric() || c == '_',
            None => false,
        }
    }

    fn raw_text(&mut self) {
        let hashes = (1..).take_while(|&ahead| self.peek(ahead) == '#').count();
        if self.peek(1 + hashes) == '"' {
            self.state = State::RawText(hashes);
            self.line.code.push('"');
            self.at += 2 + hashes;
        } else {
            self.keep(1);
        }
    }

    fn character(&mut self) {
        self.at += 3;
        while self.at < self.chars.len() && self.peek(0) != '\'' && self.peek(0) != '\n' {
            self.at += 1;
        }
        if self.peek(0) == '\'' {
            self.at += 1;
        }
    }

    fn back_to_code(&mut self, quote: char, length: usize) {
        self.line.code.push(quote);
        self.at += length;
        self.state = State::Code;
    }

    fn keep(&mut self, length: usize) {
        self.line.code.extend(self.chars.iter().skip(self.at).take(length));
        self.at += length;
    }

    fn comment(&mut self, length: usize) {
        self.line.comment.extend(self.chars.iter().skip(self.at).take(length));
        self.at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let line = |&(code, comment): &(&str, &str)| Line {
            code: code.to_owned(),
            comment: comment.to_owned(),
        };
        assert_eq!(lines(text), expected.iter().map(line).collect::<Vec<_>>());
    }

    #[test]
    fn comments_leave_the_code() {
        check("let a = 1; // why", &[("let a = 1; ", "// why")]);
        check("/* a\n b */ x", &[("", "/* a"), (" x", " b */")]);
    }

    #[test]
    fn strings_are_blanked() {
        check(r#"f("a // b", 'x', '"', '\'')"#, &[(r#"f("", , , )"#, "")]);
        check("r#\"a \" // b\"# + 1", &[("\"\" + 1", "")]);
        check("b\"\\\"x\" // c", &[("b\"\" ", "// c")]);
    }

    #[test]
    fn lifetimes_are_no_characters() {
        check("fn f<'a>(x: &'a str) {} // y", &[("fn f<'a>(x: &'a str) {} ", "// y")]);
    }

    #[test]
    fn raw_names_are_no_strings() {
        check("let r#type = var;", &[("let r#type = var;", "")]);
    }
}
