//! What one Rust file declares and names: its modules, its `use` items and the paths in its code.
//! Code that only tests compile is left out, since a test may use whatever it checks.

use std::collections::BTreeSet;

use super::scan;

/// A `use` of one name; a nested `use` becomes several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// Segments as written, `self` at the end left out.
    pub(super) path: Vec<String>,
    /// The name it has here; `*` for all, `_` for none.
    pub(super) name: String,
    /// Whether others may take it from here.
    pub(super) public: bool,
}

/// What one module says, inline modules being part of their file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Module {
    /// Modules with a file of their own.
    pub(super) files: Vec<String>,
    /// Inline modules.
    pub(super) inline: Vec<(String, Self)>,
    /// Its `use` items.
    pub(super) imports: Vec<Import>,
    /// Paths of two or more segments in its code.
    pub(super) paths: BTreeSet<Vec<String>>,
    /// Names in its code outside of `use` items.
    pub(super) words: BTreeSet<String>,
}

/// Reads a file.
pub(super) fn read(text: &str) -> Module {
    let code: Vec<String> = scan::lines(text).into_iter().map(|line| line.code).collect();
    let mut reader = Reader { tokens: tokens(&code.join("\n")), at: 0 };
    reader.module()
}

/// Names, `::`, and every other character that is no space.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        let mut token = String::from(c);
        if is_word(&token) {
            while let Some(next) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                token.push(next);
            }
        } else if c.is_whitespace() {
            continue;
        } else if c == ':' && chars.next_if_eq(&':').is_some() {
            token.push(':');
        }
        tokens.push(token);
    }
    tokens
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Items whose first comma does not end them.
const ITEMS: &[&str] = &["fn", "impl", "struct", "enum", "trait", "const", "static", "mod"];

struct Reader {
    tokens: Vec<String>,
    at: usize,
}

impl Reader {
    fn peek(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        let token = self.peek(0).to_owned();
        self.at += 1;
        token
    }

    /// Everything up to the brace that closes this module.
    fn module(&mut self) -> Module {
        let mut module = Module::default();
        let (mut depth, mut public) = (0_usize, false);
        while self.at < self.tokens.len() {
            let token = self.next();
            match token.as_str() {
                "#" => {
                    if self.attribute() {
                        self.item();
                    }
                    continue;
                }
                "pub" => {
                    if self.peek(0) == "(" {
                        self.at += self.to_closing(0) + 1;
                    }
                    public = true;
                    continue;
                }
                "{" => depth += 1,
                "}" if depth == 0 => return module,
                "}" => depth -= 1,
                "use" => self.tree(&mut Vec::new(), public, &mut module.imports),
                "mod" if self.peek(1) == ";" => module.files.push(self.next()),
                "mod" if self.peek(1) == "{" => {
                    let name = self.next();
                    self.at += 1;
                    let inside = self.module();
                    module.inline.push((name, inside));
                }
                "$" | "." => self.at += usize::from(is_word(self.peek(0))),
                word if is_word(word) => self.path(word.to_owned(), &mut module),
                _ => {}
            }
            public = false;
        }
        module
    }

    /// Passes an attribute; whether what follows is for tests only.
    fn attribute(&mut self) -> bool {
        self.at += usize::from(self.peek(0) == "!");
        if self.peek(0) != "[" {
            return false;
        }
        let end = self.to_closing(0);
        let inside = &self.tokens[self.at..(self.at + end).min(self.tokens.len())];
        let only = inside.get(1).is_some_and(|word| word == "cfg")
            && inside.iter().any(|word| word == "test")
            && !inside.iter().any(|word| word == "not" || word == "any");
        self.at += end + 1;
        only
    }

    /// How far ahead the bracket closes that opens at `ahead`.
    fn to_closing(&self, ahead: usize) -> usize {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(self.at + ahead) {
            match token.as_str() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return index - self.at;
            }
        }
        self.tokens.len() - self.at
    }

    /// Passes the item, field or statement an attribute stands before.
    fn item(&mut self) {
        let (mut whole, mut uses) = (false, false);
        while self.at < self.tokens.len() {
            match self.peek(0) {
                "#" => {
                    self.at += 1;
                    self.attribute();
                    continue;
                }
                "}" => return,
                "," | ";" if !whole || self.peek(0) == ";" => {
                    self.at += 1;
                    return;
                }
                "{" if !uses => {
                    self.at += self.to_closing(0) + 1;
                    return;
                }
                "(" | "[" | "{" => self.at += self.to_closing(0),
                "use" => (whole, uses) = (true, true),
                word => whole |= ITEMS.contains(&word),
            }
            self.at += 1;
        }
    }

    /// One tree of a `use`, from behind what is in `prefix`.
    fn tree(&mut self, prefix: &mut Vec<String>, public: bool, imports: &mut Vec<Import>) {
        let length = prefix.len();
        let mut name = None;
        while self.at < self.tokens.len() {
            match self.next().as_str() {
                "::" => {}
                "{" => {
                    while !matches!(self.peek(0), "}" | "") {
                        self.tree(prefix, public, imports);
                    }
                    self.at += 1;
                    self.at += usize::from(self.peek(0) == ",");
                    prefix.truncate(length);
                    return;
                }
                "as" => name = Some(self.next()),
                "," | ";" => break,
                "}" => {
                    self.at -= 1;
                    break;
                }
                "self" if !prefix.is_empty() => {}
                word => prefix.push(word.to_owned()),
            }
        }
        let mut path = prefix.clone();
        let last = path.last().cloned().unwrap_or_default();
        if last == "*" {
            path.pop();
        }
        imports.push(Import { path, name: name.unwrap_or(last), public });
        prefix.truncate(length);
    }

    /// A name in code, and the path it begins.
    fn path(&mut self, first: String, module: &mut Module) {
        let mut path = vec![first];
        while self.peek(0) == "::" && is_word(self.peek(1)) {
            self.at += 1;
            path.push(self.next());
        }
        module.words.extend(path.first().cloned());
        if path.len() > 1 {
            module.paths.insert(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(text: &str) -> Vec<String> {
        let shown = |import: Import| {
            let public = if import.public { "pub " } else { "" };
            format!("{public}{} as {}", import.path.join("::"), import.name)
        };
        read(text).imports.into_iter().map(shown).collect()
    }

    #[test]
    fn a_tree_becomes_its_names() {
        assert_eq!(imports("use crate::a::B;"), ["crate::a::B as B"]);
        assert_eq!(
            imports("pub(crate) use super::{a::{self, B as C}, d::*};\nuse x::Y as _;"),
            ["pub super::a as a", "pub super::a::B as C", "pub super::d as *", "x::Y as _",]
        );
    }

    #[test]
    fn paths_in_code_are_seen_and_macros_and_methods_are_not() {
        let module = read("fn f() { crate::a::b(super::C); x.crate_(); $crate::d!(); g::<H>() }");
        let paths: Vec<String> = module.paths.iter().map(|path| path.join("::")).collect();
        assert_eq!(paths, ["crate::a::b", "super::C"]);
        assert!(module.words.contains("g") && !module.words.contains("crate_"));
    }

    #[test]
    fn modules_are_told_apart() {
        let module = read("mod a;\npub(crate) mod b { mod c; use super::X; }\nmod d;");
        assert_eq!(module.files, ["a", "d"]);
        let (name, inline) = &module.inline[0];
        assert_eq!((name.as_str(), inline.files.as_slice()), ("b", &["c".to_owned()][..]));
        assert_eq!(inline.imports.len(), 1);
    }

    #[test]
    fn what_only_tests_compile_is_left_out() {
        let text = "#[cfg(test)]\nmod tests;\n#[cfg(test)]\nuse crate::a::{B, C};\n\
                    struct S { #[cfg(test)] seen: crate::b::B, kept: crate::c::C }\n\
                    #[cfg(test)]\nimpl<A, B> S { fn f() { crate::d::D } }\n\
                    #[cfg(not(test))]\nuse crate::e::E;\n\
                    #[cfg(test)]\nmod more { use super::*; }\nuse crate::f::F;";
        let module = read(text);
        assert_eq!((module.files.len(), module.inline.len()), (0, 0));
        let paths: Vec<String> = module.paths.iter().map(|path| path.join("::")).collect();
        assert_eq!(paths, ["crate::c::C"]);
        assert_eq!(imports(text), ["crate::e::E as E", "crate::f::F as F"]);
    }
}
