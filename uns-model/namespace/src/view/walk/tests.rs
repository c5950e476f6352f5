//! The walk against the definition of a filter, on random trees.

use proptest::prelude::*;
use uns_model::Filter;

use super::*;
use crate::node::Node;

fn sorted(topics: &[String]) -> Vec<&str> {
    let mut sorted: Vec<&str> = topics.iter().map(String::as_str).collect();
    sorted.sort_by_key(|topic| topic.split('/').collect::<Vec<_>>());
    sorted.dedup();
    sorted
}

fn tree_of(topics: &[String]) -> Tree {
    let mut tree = Tree::default();
    for (n, topic) in topics.iter().enumerate() {
        tree.insert(&Node::named(u32::try_from(n).unwrap(), topic));
    }
    tree
}

fn all(tree: &Tree, pattern: &Pattern<'_>, after: Option<&str>) -> Vec<String> {
    let mut walk = Walk::new(tree, OrgId::DEFAULT, pattern, after);
    let mut found = Vec::new();
    while let Some(step) = walk.step() {
        if step.matched && step.node.is_some() {
            found.push(walk.path().to_owned());
        }
    }
    found
}

proptest! {
    #[test]
    fn finds_what_the_filter_matches_and_goes_on_anywhere(
        topics in prop::collection::vec("[abC]{0,2}(/[ab]{0,1}){0,4}", 1..40),
        filter in "([abC+]|[ab]{0,2}){0,1}(/([ab+]|))*(/#)?",
        after in "[abC]{0,2}(/[ab]{0,1}){0,4}",
    ) {
        prop_assume!(topics.iter().all(|topic| !topic.is_empty()));
        let Ok(parsed) = Filter::parse(&filter) else { return Ok(()) };
        let tree = tree_of(&topics);
        let pattern = Pattern::filter(&filter);
        let expected: Vec<_> = sorted(&topics).into_iter().filter(|t| parsed.matches(t)).collect();
        prop_assert_eq!(all(&tree, &pattern, None), &expected[..]);
        let levels = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
        let behind: Vec<_> =
            expected.into_iter().filter(|t| levels(t) > levels(&after)).collect();
        prop_assert_eq!(all(&tree, &pattern, Some(&after)), &behind[..]);
    }
}

#[test]
fn depth_ends_the_walk_and_interior_levels_are_seen() {
    let topics = ["a/b/c/d", "a/x", "z", "/l/x", "//y"].map(str::to_owned);
    let tree = tree_of(&topics);
    let seen = |path: &str, depth, after: Option<&str>| {
        let pattern = Pattern::below(Some(path).filter(|path| *path != "root"), depth);
        let mut walk = Walk::new(&tree, OrgId::DEFAULT, &pattern, after);
        let mut seen = Vec::new();
        while walk.step().is_some() {
            seen.push(walk.path().to_owned());
        }
        seen
    };
    assert_eq!(seen("root", 1, None), ["", "a", "z"]);
    assert_eq!(seen("root", 2, None), ["", "/", "/l", "a", "a/b", "a/x", "z"]);
    assert_eq!(seen("root", 1, Some("")), ["a", "z"]);
    assert_eq!(seen("", 1, None), ["", "/", "/l"]);
    assert_eq!(seen("", 1, Some("/")), ["/l"]);
    assert_eq!(seen("/", 9, None), ["", "/", "//y"]);
    assert_eq!(seen("/l", 9, None), ["", "/l", "/l/x"]);
    assert_eq!(seen("root", 2, Some("a/b")), ["a/x", "z"]);
    assert_eq!(seen("a", 2, None), ["a", "a/b", "a/b/c", "a/x"]);
    assert_eq!(seen("a", 1, Some("a/b")), ["a/x"]);
    assert_eq!(seen("a", 1, Some("a")), ["a/b", "a/x"]);
}
