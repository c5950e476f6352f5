//! What somebody without all rights sees: what is denied is as if it did not exist.

use uns_model::query::{CurrentQuery, SearchQuery, TreeNode, TreeQuery};
use uns_model::{Coverage, Filter};
use uns_namespace::{Gate, Namespace, SearchPage, Sight};

use crate::world::{ORG, World, publish};

/// Sees what one filter matches.
struct Only(Filter);

impl Sight for Only {
    fn sees(&self, topic: &str) -> bool {
        self.0.matches(topic)
    }

    fn below(&self, path: &str) -> Coverage {
        let own: Vec<_> = self.0.as_str().split('/').collect();
        for (n, level) in path.split('/').enumerate() {
            match own.get(n) {
                Some(&"#") => return Coverage::All,
                Some(wish) if *wish == "+" || *wish == level => {}
                Some(_) | None => return Coverage::None,
            }
        }
        match own.get(path.split('/').count()) {
            Some(&"#") => Coverage::All,
            Some(_) => Coverage::Part,
            None => Coverage::None,
        }
    }
}

fn only(filter: &str) -> Only {
    Only(Filter::parse(filter).expect("a filter"))
}

fn plant(hidden: usize) -> std::sync::Arc<Namespace> {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    for n in 0..hidden {
        publish(&mut gate, &format!("uns/v1/acme/h{n:04}/secret"), "1").expect("it works");
    }
    for topic in ["uns/v1/acme/a/open", "uns/v1/acme/k/open", "uns/v1/acme/z/open"] {
        publish(&mut gate, topic, "1").expect("it works");
    }
    publish(&mut gate, "uns/v1/acme/k", "1").expect("it works");
    publish(&mut gate, "uns/v1/acme/k/secret", "1").expect("it works");
    space.catch_up().expect("it works");
    space
}

/// Every page of the children of a path: their names, and how many each is said to have.
fn tree(space: &Namespace, path: &str, limit: usize, sight: &dyn Sight) -> Vec<Vec<String>> {
    let path = (!path.is_empty()).then(|| path.to_owned());
    let mut query = TreeQuery { org: ORG, path, depth: 1, after: None, limit };
    let mut pages = Vec::new();
    loop {
        let page = space.tree_for(&query, sight).expect("a page");
        let shown = |node: &TreeNode| {
            let leaf = if node.leaf { " node" } else { "" };
            format!("{} {}{leaf}", node.name, node.children)
        };
        pages.push(page.items.iter().map(shown).collect());
        match page.next {
            Some(next) => query.after = Some(next),
            None => return pages,
        }
    }
}

/// Sweeping `limit` told how many names lie between two that are seen.
#[test]
fn a_page_of_the_tree_counts_what_is_seen() {
    let space = plant(307);
    let sight = only("uns/v1/acme/+/open");
    assert_eq!(tree(&space, "uns/v1/acme", 10, &sight), [["a 1", "k 1", "z 1"]]);
    for limit in 1..=3 {
        let pages = tree(&space, "uns/v1/acme", limit, &sight);
        let all: Vec<_> = pages.iter().flatten().cloned().collect();
        assert_eq!(all, ["a 1", "k 1", "z 1"], "limit {limit}");
        let full = pages.iter().filter(|page| page.len() == limit).count();
        assert_eq!(full, 3 / limit, "limit {limit}: pages are full though much is hidden");
    }
    assert_eq!(tree(&space, "uns/v1", 10, &sight), [["acme 3"]], "children are counted as seen");
    assert_eq!(tree(&space, "", 10, &only("other/#")), [[""; 0]]);
    let all = tree(&space, "uns/v1", 10, &only("#"));
    assert_eq!(all, [["acme 310"]]);
}

#[test]
fn denied_and_missing_paths_answer_alike() {
    let space = plant(3);
    let sight = only("uns/v1/acme/+/open");
    let answer = |path: &str| tree(&space, path, 10, &sight);
    assert_eq!(answer("uns/v1/acme/h0001"), answer("uns/v1/acme/nothing"));
    assert_eq!(answer("uns/v1/acme/k"), [["open 0 node"]]);
}

#[test]
fn a_page_of_last_values_counts_what_is_seen() {
    let space = plant(500);
    let sight = only("uns/v1/acme/+/open");
    let filter = Filter::parse("uns/v1/#").unwrap();
    for limit in 1..=4 {
        let mut query = CurrentQuery { org: ORG, filter: filter.clone(), after: None, limit };
        let mut topics = Vec::new();
        loop {
            let page = space.current_for(&query, &sight).unwrap();
            assert!(page.items.len() == limit || page.next.is_none(), "limit {limit}");
            topics.extend(page.items.iter().map(|value| value.topic.to_string()));
            if let Some(next) = &page.next {
                assert!(!next.contains("/h0"), "{next} names what is hidden");
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        let expected = ["uns/v1/acme/a/open", "uns/v1/acme/k/open", "uns/v1/acme/z/open"];
        assert_eq!(topics, expected, "limit {limit}");
    }
}

fn found(space: &Namespace, text: &str, after: Option<String>, sight: &dyn Sight) -> SearchPage {
    let query = SearchQuery { org: ORG, text: text.into(), after, limit: 2 };
    space.search_for(&query, sight).expect("no token of others")
}

fn topics(page: &SearchPage) -> Vec<&str> {
    page.hits.iter().map(|hit| &*hit.topic).collect()
}

/// The first thousand matches were taken before rights were asked.
#[test]
fn a_search_finds_what_is_seen_behind_any_number_of_hidden_matches() {
    let space = plant(1_500);
    let sight = only("uns/v1/acme/+/open");
    let first = found(&space, "ACME", None, &sight);
    assert_eq!(topics(&first), ["uns/v1/acme/a/open", "uns/v1/acme/k/open"]);
    assert!(first.is_full && first.hits[0].last.is_some());
    let second = found(&space, "ACME", first.next, &sight);
    assert_eq!((topics(&second), &second.next), (vec!["uns/v1/acme/z/open"], &None));
    let none = found(&space, "secret", None, &sight);
    assert_eq!((none.hits.len(), none.next, none.is_full), (0, None, false));
}

#[test]
fn a_search_finds_no_field_of_what_is_hidden_and_goes_on_within_a_node() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    for topic in ["uns/v1/acme/a/secret", "uns/v1/acme/k/open", "uns/v1/acme/z/secret"] {
        publish(&mut gate, topic, r#"{"boiler1":1,"boiler2":2,"boiler3":3,"x":4}"#).unwrap();
    }
    space.catch_up().unwrap();
    let sight = only("uns/v1/acme/+/open");
    let first = found(&space, "Boiler", None, &sight);
    let fields = |page: &SearchPage| {
        let field = |hit: &uns_model::query::SearchHit| format!("{} {:?}", hit.topic, hit.field);
        page.hits.iter().map(field).collect::<Vec<_>>()
    };
    let named = |name: &str| format!("uns/v1/acme/k/open Some({name:?})");
    assert_eq!(fields(&first), [named("boiler1"), named("boiler2")]);
    let next = first.next.expect("a third field");
    assert!(!next.contains("secret"), "{next} names what is hidden");
    let second = found(&space, "Boiler", Some(next), &sight);
    assert_eq!((fields(&second), &second.next), (vec![named("boiler3")], &None));
}

#[test]
fn a_search_looks_at_a_bounded_number_of_levels_and_goes_on_behind_them() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let deep = "b/c/d/e/f/g/h/i/j/k/l/m";
    for n in 0..11_000 {
        publish(&mut gate, &format!("uns/v1/acme/h{n:05}/{deep}/secret"), "1").unwrap();
    }
    let open = format!("uns/v1/acme/z/{deep}/open");
    publish(&mut gate, &open, "1").unwrap();
    publish(&mut gate, "uns/v1/other/open", "1").unwrap();
    space.catch_up().unwrap();
    // Rules that allow something below each level: all are looked at.
    let sight = only(&format!("uns/v1/acme/+/{deep}/open"));
    let first = found(&space, "open", None, &sight);
    assert!(first.hits.is_empty() && !first.is_full, "{first:?}");
    let rest = found(&space, "open", Some(first.next.expect("it goes on")), &sight);
    assert_eq!((topics(&rest), &rest.next), (vec![&*open], &None));
    // Rules that allow nothing below a level spare the search all of it.
    let all = found(&space, "open", None, &only("uns/v1/other/#"));
    assert_eq!((topics(&all), &all.next), (vec!["uns/v1/other/open"], &None));
}
