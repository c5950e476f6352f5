//! Nodes come, change their types and topics, go, and come back from the catalog.

use historian_segment::SeriesOrigin;
use uns_model::Value;

use super::*;

const ORG: OrgId = OrgId(1);

fn mint(registry: &mut Registry, number: u32, name: &str) {
    registry.mint(NodeNo(number), (ORG, TopicId(number), NodeId(7)), name.into());
}

fn series(registry: &mut Registry, node: u32, field: Option<&str>, value: &Value) -> u32 {
    in_unit(registry, node, field, (value, None))
}

fn in_unit(
    registry: &mut Registry,
    node: u32,
    field: Option<&str>,
    (value, unit): (&Value, Option<&str>),
) -> u32 {
    let of = Of { node: NodeNo(node), field, value: value.as_ref(), unit };
    registry.series_for(&of, 100).unwrap().0
}

fn found(registry: &Registry, topic: &str, field: Option<&str>) -> Option<Vec<u32>> {
    let found = registry.find(ORG, topic, field)?;
    Some(found.into_iter().map(|sid| sid.0).collect())
}

fn restored(changes: &[Changes]) -> Registry {
    let mut registry = Registry::default();
    for row in changes.iter().flat_map(|changes| &changes.nodes) {
        registry.restore_node(row);
    }
    for row in changes.iter().flat_map(|changes| &changes.series) {
        registry.restore_series(row);
    }
    registry
}

#[test]
fn each_type_is_a_series_and_null_follows_the_latest() {
    let mut registry = Registry::default();
    mint(&mut registry, 0, "a");
    let (number, text) = (Value::Int(1), Value::Text("x".into()));
    assert_eq!(series(&mut registry, 0, None, &number), 0);
    assert_eq!(series(&mut registry, 0, None, &Value::Null), 0);
    assert_eq!(series(&mut registry, 0, Some("f"), &number), 1);
    assert_eq!(series(&mut registry, 0, None, &text), 2);
    assert_eq!(series(&mut registry, 0, None, &Value::Null), 2);
    assert_eq!(series(&mut registry, 0, None, &Value::Float(2.5)), 0);
    assert_eq!(series(&mut registry, 0, None, &Value::Null), 0);
    assert_eq!(found(&registry, "a", None), Some(vec![0, 2]));
    assert_eq!(found(&registry, "a", Some("f")), Some(vec![1]));
    assert_eq!(found(&registry, "b", None), None);

    let changes = registry.take_changes();
    assert!(registry.take_changes().is_empty());
    let mut again = restored(&[changes]);
    assert_eq!(found(&again, "a", None), Some(vec![0, 2]));
    assert_eq!(found(&again, "a", Some("f")), Some(vec![1]));
    assert_eq!(series(&mut again, 0, None, &text), 2);
    assert!(again.take_changes().is_empty());
}

#[test]
fn a_topic_remembers_all_its_nodes_but_the_purged() {
    let mut registry = Registry::default();
    for node in 0..3 {
        mint(&mut registry, node, "a");
        assert_eq!(series(&mut registry, node, None, &Value::Int(1)), node);
        registry.delete(NodeNo(node), false);
    }
    assert_eq!(found(&registry, "a", None), Some(vec![0, 1, 2]));
    let first = registry.take_changes();
    assert_eq!((first.nodes.len(), first.deleted.len()), (3, 0));
    assert_eq!(registry.delete(NodeNo(1), true), [SeriesId(1)]);
    assert_eq!(found(&registry, "a", None), Some(vec![0, 2]));
    let second = registry.take_changes();
    assert_eq!((second.nodes.len(), second.deleted), (0, vec![(NodeNo(1), true)]));
}

#[test]
fn a_node_minted_twice_moves_or_stays() {
    let mut registry = Registry::default();
    for (node, name) in [(0, "a"), (1, "a"), (2, "a"), (1, "a"), (1, "b"), (0, "b")] {
        mint(&mut registry, node, name);
        series(&mut registry, node, None, &Value::Int(1));
    }
    assert_eq!(found(&registry, "a", None), Some(vec![2]));
    assert_eq!(found(&registry, "b", None), Some(vec![0, 1]));
    mint(&mut registry, 2, "c");
    assert_eq!(found(&registry, "a", None), None);
}

#[test]
fn names_are_shared_where_they_are_the_same() {
    let mut registry = Registry::default();
    for node in 0..5 {
        mint(&mut registry, node, &format!("t/{node}"));
    }
    let own: Arc<str> = "t/3".into();
    let given = Arc::clone(&own);
    let names = SharedNames::new(move |_, _| Some(Arc::clone(&given)));
    assert_eq!(registry.share_names(0, 2, &names), Some(2));
    assert_eq!(registry.share_names(2, 3, &names), None);
    assert_eq!(Arc::strong_count(&own), 3);
    assert!(found(&registry, "t/4", None).is_some());
}

#[test]
fn another_unit_is_another_generation_and_none_continues_the_latest() {
    let mut registry = Registry::default();
    mint(&mut registry, 0, "a");
    for (field, first) in [(None, 0), (Some("f"), 4)] {
        let mut put = |value, unit| in_unit(&mut registry, 0, field, (&Value::Int(value), unit));
        let got = [put(1, None), put(2, Some("bar")), put(3, None), put(4, Some("psi"))];
        assert_eq!(got, [0, 1, 1, 2].map(|n| n + first));
        assert_eq!([put(5, Some("bar")), put(6, None)], [1, 1].map(|n| n + first));
        let text = (&Value::Text("off".into()), None);
        assert_eq!(in_unit(&mut registry, 0, field, text), first + 3);
    }
    let units = |registry: &Registry| {
        (0..8)
            .map(|sid| registry.kinds(&[SeriesId(sid)])[0].2.as_deref().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let expected = [None, Some("bar"), Some("psi"), None].map(|unit| unit.map(str::to_owned));
    assert_eq!(units(&registry), [expected.clone(), expected].concat());
    assert_eq!(found(&registry, "a", None), Some(vec![0, 1, 2, 3]));
    let again = restored(&[registry.take_changes()]);
    assert_eq!(units(&again), units(&registry));
    for field in [None, Some("f")] {
        assert_eq!(found(&again, "a", field), found(&registry, "a", field));
    }
}

#[test]
fn what_files_tell_of_series_makes_the_registry_again() {
    let mut registry = Registry::default();
    for (node, name) in [(3, "a"), (9, "b")] {
        mint(&mut registry, node, name);
        series(&mut registry, node, None, &Value::Int(1));
        series(&mut registry, node, Some("f"), &Value::Bool(true));
    }
    let told: Vec<_> = (0..4).filter_map(|sid| registry.origin_of(SeriesId(sid))).collect();
    let mut again = Registry::default();
    again.adopt(&told[2..]);
    assert_eq!((again.series_count(), found(&again, "b", Some("f"))), (4, Some(vec![3])));
    assert_eq!(found(&again, "a", None), None);
    again.adopt(&told);
    assert_eq!(found(&again, "a", None), Some(vec![0]));
    assert_eq!(found(&again, "a", Some("f")), Some(vec![1]));
    assert_eq!(series(&mut again, 9, None, &Value::Int(2)), 2);
    assert_eq!(again.agrees(&told), Ok(()));
    let other = SeriesOrigin { value_type: 2, ..told[1].clone() };
    assert_eq!(again.agrees(&[other]), Err(Contradiction(SeriesId(1))));

    // Files of format 1 name topics only: a node that comes to the topic continues them.
    let unnumbered: Vec<_> =
        told.iter().map(|told| SeriesOrigin { node: NO_NUMBER, ..told.clone() }).collect();
    let mut again = Registry::default();
    again.adopt(&unnumbered);
    assert_eq!(again.agrees(&unnumbered), Ok(()));
    let mut again = restored(&[again.take_changes()]);
    mint(&mut again, 3, "a");
    assert_eq!(series(&mut again, 3, None, &Value::Int(2)), 4);
    assert_eq!(found(&again, "a", None), Some(vec![0, 4]));
    assert_eq!(again.delete(NodeNo(3), true), [4, 0, 1].map(SeriesId));
    assert_eq!(found(&again, "a", None), None);
    assert_eq!(found(&again, "b", None), Some(vec![2]));
}
