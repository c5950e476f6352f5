//! `search`: nodes by words of their topic, as somebody sees them.

use uns_model::Coverage;
use uns_model::query::{SearchHit, SearchQuery};

use super::last::own_value;
use super::page::{PAGE_BYTES_MAX, PAGE_MAX, STEPS_MAX, Token, WORK_MAX, size};
use super::sight::{Everywhere, Sight};
use crate::view::{Pattern, Step, Walk};
use crate::{Error, Namespace};

/// More words than this are ignored.
const WORDS_MAX: usize = 16;

/// One page of what was found, in topic order.
#[derive(Clone, PartialEq, Debug)]
pub struct SearchPage {
    /// The nodes.
    pub hits: Vec<SearchHit>,
    /// Pass as `after` for the next page; `None` on the last.
    pub next: Option<String>,
    /// Whether it has as much as fits. A page that is not full and has a next one has looked at as
    /// many levels as one may.
    pub is_full: bool,
}

impl Namespace {
    /// One page of the nodes whose topic contains every word of the text.
    ///
    /// # Errors
    /// When `after` is no page token.
    pub fn search(&self, query: &SearchQuery) -> Result<SearchPage, Error> {
        self.search_for(query, &Everywhere)
    }

    /// The same, as somebody sees it: what they may not read is not entered where a rule says so for
    /// all that lies below a level, takes no place of a page and is not counted.
    ///
    /// # Errors
    /// When `after` is no page token.
    pub fn search_for(&self, query: &SearchQuery, sight: &dyn Sight) -> Result<SearchPage, Error> {
        let token = query.after.as_deref().map(Token::parse).transpose()?;
        let mut sequence = token.as_ref().map(|token| token.sequence);
        let mut after = token.map(|token| token.path.to_owned());
        let folded = query.text.to_lowercase();
        let words: Vec<&str> = folded.split_whitespace().take(WORDS_MAX).collect();
        let limit = query.limit.clamp(1, PAGE_MAX);
        let pattern = Pattern::filter("#");
        let (mut hits, mut bytes, mut work) = (Vec::new(), 0, 0);
        let (mut gaze, mut name) = (Gaze::new(sight), Vec::new());
        if words.is_empty() {
            return Ok(SearchPage { hits, next: None, is_full: false });
        }
        loop {
            let view = self.view.read();
            let as_of = *sequence.get_or_insert(view.applied);
            let mut walk = Walk::new(&view.tree, query.org, &pattern, after.as_deref());
            for _ in 0..STEPS_MAX {
                let Some(step) = walk.step() else {
                    return Ok(SearchPage { hits, next: None, is_full: false });
                };
                gaze.come_to(&step);
                if let Some(node) = step.node
                    && has_all(walk.path(), &words, &mut name)
                    && gaze.sees(walk.path())
                    && let Some(entry) = view.entry(node)
                {
                    let (topic, last) = (entry.node.name.clone(), own_value(entry));
                    bytes += topic.len() + last.as_ref().map_or(0, |last| size(&last.value));
                    hits.push(SearchHit { topic, last });
                }
                if gaze.leaves_out(&step, walk.path()) {
                    walk.leave(step.depth);
                }
                work += 1;
                let is_full = hits.len() >= limit || bytes >= PAGE_BYTES_MAX;
                if is_full || work >= WORK_MAX {
                    let next = Some(Token::write(as_of, walk.path()));
                    return Ok(SearchPage { hits, next, is_full });
                }
            }
            after = Some(walk.path().to_owned());
        }
    }
}

/// Somebody's eyes on a walk: where everything below a level is seen, they are not asked again until
/// the walk leaves it.
struct Gaze<'s> {
    sight: &'s dyn Sight,
    /// The depth of the level below which everything is seen.
    open: Option<usize>,
}

impl<'s> Gaze<'s> {
    fn new(sight: &'s dyn Sight) -> Self {
        Self { sight, open: None }
    }

    fn come_to(&mut self, step: &Step) {
        self.open = self.open.filter(|open| step.depth > *open);
    }

    /// Whether the level the walk came to may be read.
    fn sees(&self, path: &str) -> bool {
        self.open.is_some() || self.sight.sees(path)
    }

    /// Whether nothing below the level the walk came to is seen.
    fn leaves_out(&mut self, step: &Step, path: &str) -> bool {
        if step.children == 0 || self.open.is_some() {
            return false;
        }
        match self.sight.below(path) {
            Coverage::None => return true,
            Coverage::All => self.open = Some(step.depth),
            Coverage::Part => {}
        }
        false
    }
}

/// Whether a topic has every word in it. `name` is a buffer.
fn has_all(topic: &str, words: &[&str], name: &mut Vec<u8>) -> bool {
    name.clear();
    fold(topic, name);
    words.iter().all(|word| contains(name, word.as_bytes()))
}

/// The name in lower case. Nearly all are ASCII, where that is a byte's work.
fn fold(name: &str, out: &mut Vec<u8>) {
    if name.is_ascii() {
        out.extend(name.bytes().map(|byte| byte.to_ascii_lowercase()));
    } else {
        out.extend_from_slice(name.to_lowercase().as_bytes());
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    let Some((first, rest)) = word.split_first() else { return true };
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| byte == first) {
        from += at + 1;
        if text[from..].starts_with(rest) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_in_every_language() {
        for (name, folded) in [("Acme/Line3", "acme/line3"), ("Werk/ÖFEN 1", "werk/öfen 1")] {
            let mut out = Vec::new();
            fold(name, &mut out);
            assert_eq!(out, folded.as_bytes(), "{name}");
        }
    }

    #[test]
    fn words_are_found_anywhere() {
        for (text, word, expected) in [
            ("uns/v1/acme", "acme", true),
            ("aab", "ab", true),
            ("aab", "abc", false),
            ("", "a", false),
            ("b", "b", true),
        ] {
            assert_eq!(contains(text.as_bytes(), word.as_bytes()), expected, "{word} in {text}");
        }
    }
}
