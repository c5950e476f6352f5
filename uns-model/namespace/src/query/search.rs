//! `search`: nodes by words of their topic, and fields by words of topic and name, as somebody sees them.

use std::sync::Arc;

use uns_model::Coverage;
use uns_model::query::{SearchHit, SearchQuery};

use super::last::{own_value, value_of};
use super::page::{PAGE_BYTES_MAX, PAGE_MAX, STEPS_MAX, Token, WORK_MAX, size};
use super::sight::{Everywhere, Sight};
use crate::view::{Entry, Pattern, Step, Walk};
use crate::{Error, Namespace};

/// More words than this are ignored.
const WORDS_MAX: usize = 16;
/// So many names of fields are as much work as a level.
const FIELDS_PER_STEP: usize = 8;

/// One page of what was found, in topic order.
#[derive(Clone, PartialEq, Debug)]
pub struct SearchPage {
    /// The nodes and fields.
    pub hits: Vec<SearchHit>,
    /// Pass as `after` for the next page; `None` on the last.
    pub next: Option<String>,
    /// Whether it has as much as fits. A page that is not full and has a next one has looked at as
    /// many levels as one may.
    pub is_full: bool,
}

impl Namespace {
    /// One page of the nodes whose topic contains every word of the text, and of the fields of other
    /// nodes that have the rest of the words in their name.
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
        let mut after = token.as_ref().map(|token| token.path.to_owned());
        let mut rest = token.and_then(|token| token.value.map(str::to_owned));
        let folded = query.text.to_lowercase();
        let words: Vec<&str> = folded.split_whitespace().take(WORDS_MAX).collect();
        let mut found = Found::new(&words, query.limit);
        if words.is_empty() {
            return Ok(found.page(None));
        }
        let pattern = Pattern::filter("#");
        let (mut gaze, mut work) = (Gaze::new(sight), 0);
        loop {
            let view = self.view.read();
            let as_of = *sequence.get_or_insert(view.applied);
            if let (Some(path), Some(given)) = (&after, rest.take())
                && sight.sees(path)
                && let Some(seen) = view.tree.find(query.org, path.split('/'))
                && let Some(entry) = seen.node.and_then(|node| view.entry(node))
                && let Some(last) = found.look(path, entry, Some(&given))
            {
                return Ok(found.page(Some(Token::within(as_of, path, &last))));
            }
            let mut walk = Walk::new(&view.tree, query.org, &pattern, after.as_deref());
            let until = work + STEPS_MAX;
            while work < until {
                let Some(step) = walk.step() else { return Ok(found.page(None)) };
                gaze.come_to(&step);
                if let Some(entry) = step.node.and_then(|node| view.entry(node)) {
                    work += entry.fields().len() / FIELDS_PER_STEP;
                    // Names are compared before rights are asked, and what is found stays unsaid.
                    if found.matches(walk.path(), entry)
                        && gaze.sees(walk.path())
                        && let Some(last) = found.look(walk.path(), entry, None)
                    {
                        return Ok(found.page(Some(Token::within(as_of, walk.path(), &last))));
                    }
                }
                if gaze.leaves_out(&step, walk.path()) {
                    walk.leave(step.depth);
                }
                work += 1;
                if work >= WORK_MAX {
                    return Ok(found.page(Some(Token::write(as_of, walk.path()))));
                }
            }
            after = Some(walk.path().to_owned());
        }
    }
}

/// The hits of a page, as they are gathered.
struct Found<'w> {
    words: &'w [&'w str],
    hits: Vec<SearchHit>,
    limit: usize,
    bytes: usize,
    /// Where names are folded.
    name: Vec<u8>,
}

impl<'w> Found<'w> {
    fn new(words: &'w [&'w str], limit: usize) -> Self {
        let limit = limit.clamp(1, PAGE_MAX);
        Self { words, hits: Vec::new(), limit, bytes: 0, name: Vec::new() }
    }

    fn is_full(&self) -> bool {
        self.hits.len() >= self.limit || self.bytes >= PAGE_BYTES_MAX
    }

    fn page(self, next: Option<String>) -> SearchPage {
        let is_full = next.is_some() && self.is_full();
        SearchPage { hits: self.hits, next, is_full }
    }

    /// The words a topic lacks.
    fn missing(&mut self, topic: &str) -> Vec<&'w str> {
        fold(topic, &mut self.name);
        let lacks = |word: &&&str| !contains(&self.name, word.as_bytes());
        self.words.iter().filter(lacks).copied().collect()
    }

    /// Whether a node, or a field of it, is found.
    fn matches(&mut self, path: &str, entry: &Entry) -> bool {
        if has_all(path, self.words, &mut self.name) {
            return true;
        }
        // Most nodes have no fields.
        if entry.fields().is_empty() {
            return false;
        }
        let missing = self.missing(path);
        let name = &mut self.name;
        entry.fields().iter().any(|field| has_all(&field.name, &missing, name))
    }

    /// Takes what is found of a node, of whose fields those up to a name were given before; of a node
    /// whose topic has all words, only the node. Answers with the last one's name, which is empty for
    /// the node, once the page is full.
    fn look(&mut self, path: &str, entry: &Entry, given: Option<&str>) -> Option<String> {
        let missing = self.missing(path);
        if missing.is_empty() {
            if given.is_some() {
                return None;
            }
            let (topic, last) = (entry.node.name.clone(), own_value(entry));
            return self.take(SearchHit { topic, field: None, last });
        }
        for field in entry.fields().iter().filter(|field| given.is_none_or(|g| &*field.name > g)) {
            if !has_all(&field.name, &missing, &mut self.name) {
                continue;
            }
            let (topic, last) = (entry.node.name.clone(), Some(value_of(entry, field)));
            let full = self.take(SearchHit { topic, field: Some(Arc::clone(&field.name)), last });
            if full.is_some() {
                return full;
            }
        }
        None
    }

    fn take(&mut self, hit: SearchHit) -> Option<String> {
        let name = hit.field.as_deref().unwrap_or_default().to_owned();
        self.bytes += hit.topic.len() + name.len();
        self.bytes += hit.last.as_ref().map_or(0, |last| size(&last.value));
        self.hits.push(hit);
        self.is_full().then_some(name)
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

/// Whether a name has every word in it. `buffer` is where it is folded.
fn has_all(name: &str, words: &[&str], buffer: &mut Vec<u8>) -> bool {
    fold(name, buffer);
    words.iter().all(|word| contains(buffer, word.as_bytes()))
}

/// The name in lower case. Nearly all are ASCII, where that is a byte's work.
fn fold(name: &str, out: &mut Vec<u8>) {
    out.clear();
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
