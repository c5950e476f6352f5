//! Pages of tree and last values, and search.

use uns_model::query::{CurrentQuery, SearchQuery, TreeNode, TreeQuery};
use uns_model::{Filter, OrgId};
use uns_namespace::{Error, Gate, Namespace, Page};

use crate::world::{ORG, World, publish};

fn pages(space: &Namespace, filter: &str, limit: usize) -> Vec<(u64, Vec<String>)> {
    let filter = Filter::parse(filter).expect("it works");
    let mut query = CurrentQuery { org: ORG, filter, after: None, limit };
    let mut pages = Vec::new();
    loop {
        let page = space.current(&query).expect("it works");
        let topics = page.items.iter().map(|value| value.topic.to_string()).collect();
        pages.push((page.sequence.0, topics));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return pages,
        }
    }
}

#[test]
fn a_walk_reports_the_sequence_of_its_first_page_and_misses_nothing() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    for n in 0..25 {
        publish(&mut gate, &format!("uns/v1/line{}/t{n}", n % 3), "1").unwrap();
    }
    space.catch_up().unwrap();
    let filter = Filter::parse("uns/v1/+/#").unwrap();
    let query = CurrentQuery { org: ORG, filter, after: None, limit: 10 };
    let first = space.current(&query).unwrap();
    publish(&mut gate, "uns/v1/line0/a", "1").unwrap();
    publish(&mut gate, "uns/v1/line2/z", "1").unwrap();
    space.catch_up().unwrap();
    let second = space.current(&CurrentQuery { after: first.next, ..query.clone() }).unwrap();
    let third = space.current(&CurrentQuery { after: second.next, ..query.clone() }).unwrap();
    assert_eq!((second.sequence, third.sequence), (first.sequence, first.sequence));
    assert_eq!((first.items.len(), second.items.len(), third.items.len()), (10, 10, 6));
    assert!(third.next.is_none());
    assert!(space.current(&query).unwrap().sequence > first.sequence);

    let all: Vec<String> = pages(&space, "#", 1).into_iter().flat_map(|(_, page)| page).collect();
    assert_eq!(all.len(), 27);
    assert!(all.is_sorted());
    assert_eq!(pages(&space, "uns/v1/line1/+", 100)[0].1.len(), 8);
    assert!(pages(&space, "nothing/#", 5)[0].1.is_empty());
}

#[test]
fn a_foreign_token_is_refused() {
    let space = World::new().open();
    for token in ["", "abc", "x:uns", "-1:uns"] {
        let filter = Filter::parse("#").unwrap();
        let query = CurrentQuery { org: ORG, filter, after: Some(token.to_owned()), limit: 1 };
        assert!(matches!(space.current(&query), Err(Error::PageToken { .. })), "{token}");
    }
}

#[test]
fn the_tree_counts_groups_and_nodes_and_pages() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    for topic in ["uns/v1/a/_pump_v2/t", "uns/v1/a/_pump_v2/u/v", "uns/v1/b", "P/x"] {
        publish(&mut gate, topic, "5").unwrap();
    }
    space.catch_up().unwrap();
    let query = |path: &str, depth, after, limit| {
        let path = Some(path.to_owned()).filter(|path| path != "root");
        space.tree(&TreeQuery { org: ORG, path, depth, after, limit }).unwrap()
    };
    let shown = |page: &Page<TreeNode>| {
        let nodes = page.items.iter();
        nodes.map(|n| format!("{} {} {}", n.path, n.children, n.descendants)).collect::<Vec<_>>()
    };
    assert_eq!(shown(&query("root", 1, None, 9)), ["P 1 1", "uns 1 3"]);
    assert_eq!(
        shown(&query("uns/v1", 2, None, 9)),
        ["uns/v1/a 1 2", "uns/v1/a/_pump_v2 2 2", "uns/v1/b 0 0"]
    );
    let first = query("uns/v1/a", 9, None, 2);
    assert_eq!(shown(&first), ["uns/v1/a/_pump_v2 2 2", "uns/v1/a/_pump_v2/t 0 0"]);
    let second = query("uns/v1/a", 9, first.next.clone(), 2);
    assert_eq!(shown(&second), ["uns/v1/a/_pump_v2/u 1 1", "uns/v1/a/_pump_v2/u/v 0 0"]);
    let leaf = &first.items[1];
    assert_eq!(leaf.contract.as_deref(), Some("_pump_v2"));
    assert!(leaf.leaf && leaf.last.is_some() && !first.items[0].leaf);
}

#[test]
fn search_finds_every_word_in_any_case() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    for topic in ["uns/v1/acme/Pump1/temp", "uns/v1/acme/pump2/rpm", "Werk/K\u{fc}hler/Temp"] {
        publish(&mut gate, topic, "1").unwrap();
    }
    space.catch_up().unwrap();
    let found = |text: &str, limit| {
        let query = SearchQuery { org: ORG, text: text.to_owned(), after: None, limit };
        let hits = space.search(&query).unwrap().hits.into_iter();
        hits.map(|hit| hit.topic.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found("PUMP", 9), ["uns/v1/acme/Pump1/temp", "uns/v1/acme/pump2/rpm"]);
    assert_eq!(found("temp acme", 9), ["uns/v1/acme/Pump1/temp"]);
    assert_eq!(found("k\u{fc}hler", 9), ["Werk/K\u{fc}hler/Temp"]);
    assert_eq!(found("K\u{dc}HLER", 9), ["Werk/K\u{fc}hler/Temp"]);
    assert_eq!(found("a", 1).len(), 1);
    assert!(found("", 9).is_empty() && found("zzz", 9).is_empty());
    let elsewhere = SearchQuery { org: OrgId(9), text: "pump".into(), after: None, limit: 9 };
    assert!(space.search(&elsewhere).unwrap().hits.is_empty());
}

#[test]
fn search_finds_fields_by_words_of_topic_and_name_page_by_page() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let kitchen = r#"{"DS18B20":{"Temperature":21.5},"humidity":40,"temp":1}"#;
    publish(&mut gate, "tele/kitchen/SENSOR", kitchen).unwrap();
    publish(&mut gate, "tele/temp/SENSOR", r#"{"temp":2,"x":3}"#).unwrap();
    publish(&mut gate, "z/temp", "4").unwrap();
    space.catch_up().unwrap();
    let found = |text: &str, limit| {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let query = SearchQuery { org: ORG, text: text.to_owned(), after, limit };
            let page = space.search(&query).unwrap();
            assert!(page.hits.len() <= limit && page.is_full == page.next.is_some());
            all.extend(page.hits.iter().map(|hit| {
                let field = hit.field.as_deref().map(|field| format!("#{field}"));
                format!("{}{}", hit.topic, field.unwrap_or_default())
            }));
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    };
    for limit in [1, 2, 9] {
        // A topic that has the words stands for all of its fields.
        let expected = [
            "tele/kitchen/SENSOR#DS18B20.Temperature",
            "tele/kitchen/SENSOR#temp",
            "tele/temp/SENSOR",
            "z/temp",
        ];
        assert_eq!(found("TEMP", limit), expected, "limit {limit}");
        assert_eq!(found("ds18", limit), expected[..1], "limit {limit}");
        assert_eq!(found("kitchen temp", limit), expected[..2], "limit {limit}");
        assert_eq!(found("humidity z", limit).len(), 0, "limit {limit}");
    }
    let query = SearchQuery { org: ORG, text: "ds18".to_owned(), after: None, limit: 9 };
    let last = space.search(&query).unwrap().hits[0].last.clone().expect("a value");
    assert_eq!(last.value, uns_model::Value::Float(21.5));
}

#[test]
fn a_page_of_values_has_as_many_as_were_asked_for() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/a", r#"{"x":1,"y":2,"z":3}"#).unwrap();
    publish(&mut gate, "uns/v1/b", "4").unwrap();
    space.catch_up().unwrap();
    let filter = Filter::parse("#").unwrap();
    for limit in 1..=6 {
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let query = CurrentQuery { org: ORG, filter: filter.clone(), after, limit };
            let page = space.current(&query).unwrap();
            assert!(page.items.len() == limit || page.next.is_none(), "{limit}");
            seen.extend(
                page.items.iter().map(|value| {
                    format!("{} {}", value.topic, value.field.as_deref().unwrap_or("-"))
                }),
            );
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let all = ["uns/v1/a -", "uns/v1/a x", "uns/v1/a y", "uns/v1/a z", "uns/v1/b -"];
        assert_eq!(seen, all, "{limit} at a time");
    }
}

#[test]
fn a_page_of_large_values_ends_early() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let large = format!(r#""{}""#, "x".repeat(60_000));
    for n in 0..200 {
        publish(&mut gate, &format!("Plant/{n:03}"), &large).unwrap();
    }
    space.catch_up().unwrap();
    let filter = Filter::parse("#").unwrap();
    let (mut after, mut seen) = (None, 0);
    loop {
        let query = CurrentQuery { org: ORG, filter: filter.clone(), after, limit: 1_000 };
        let page = space.current(&query).unwrap();
        assert!(page.items.len() <= 71, "{} values of 60 kB in one page", page.items.len());
        seen += page.items.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, 200);
}
