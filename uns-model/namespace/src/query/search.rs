//! `search`: nodes by words of their topic.

use super::{Arc, NodeId, OrgId, PAGE_MAX, STEPS_MAX};

use crate::Namespace;

/// More words than this are ignored.
const WORDS_MAX: usize = 16;

/// One node found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SearchHit {
    /// The topic.
    pub topic: Arc<str>,
    /// The node's identity.
    pub node_id: NodeId,
}

impl Namespace {
    /// The oldest `limit` nodes whose topic contains every word of the text, in any case, sorted by
    /// topic.
    pub fn search(&self, org: OrgId, text: &str, limit: usize) -> Vec<SearchHit> {
        let folded = text.to_lowercase();
        let words: Vec<&str> = folded.split_whitespace().take(WORDS_MAX).collect();
        let limit = limit.min(PAGE_MAX);
        let mut hits = Vec::new();
        let mut name = Vec::new();
        let mut start = 0;
        // The quota bounds the nodes, and so this loop.
        loop {
            let view = self.view.read();
            let end = view.entries.len().min(start + STEPS_MAX);
            for entry in view.entries.range(start..end).filter(|entry| entry.is_living()) {
                if hits.len() >= limit || words.is_empty() {
                    break;
                }
                let node = &entry.node;
                name.clear();
                fold(&node.name, &mut name);
                if node.org == org && words.iter().all(|word| contains(&name, word.as_bytes())) {
                    hits.push(SearchHit { topic: node.name.clone(), node_id: node.id });
                }
            }
            start = end;
            if hits.len() >= limit || start >= view.entries.len() {
                break;
            }
        }
        hits.sort_by(|a, b| a.topic.cmp(&b.topic));
        hits
    }
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
