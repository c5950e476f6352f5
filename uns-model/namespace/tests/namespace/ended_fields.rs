//! What ends a field (NS-19f): a value of its node that comes alone, in whatever order messages arrive, and
//! where a clock runs a little ahead.

use proptest::prelude::*;
use uns_model::{Quality, Value};
use uns_namespace::{Gate, Namespace};

use crate::world::{World, current, inbound, publish, publish_as};

/// What is shown of a topic: name, value, quality and time.
type Shown = Vec<(String, Value, Quality, String)>;

fn shown(space: &Namespace, topic: &str) -> Shown {
    let found = current(space, topic).into_iter().map(|value| {
        let name = value.field.map(|name| name.to_string()).unwrap_or_default();
        let last = value.last;
        let time = last.timestamp.to_string();
        (name, last.value, last.quality, time)
    });
    found.collect()
}

/// Eleven and so many seconds.
fn at(second: u32) -> String {
    format!("2026-11-21T11:00:{second:02}Z")
}

/// A message of one second.
#[derive(Clone, Debug)]
struct Sent {
    second: u32,
    /// Null, which is no value and ends nothing, or a number.
    value: Option<Option<i64>>,
    fields: Vec<(&'static str, i64)>,
}

impl Sent {
    fn payload(&self) -> String {
        let number =
            |value: Option<i64>| value.map_or("null".to_owned(), |value| value.to_string());
        let value = self.value.map(|value| format!(r#""value":{}"#, number(value)));
        let fields = self.fields.iter().map(|(name, value)| format!(r#""{name}":{value}"#));
        let time = format!(r#""timestamp":"{}""#, at(self.second));
        let members: Vec<_> = value.into_iter().chain(fields).chain([time]).collect();
        format!("{{{}}}", members.join(","))
    }

    fn says_number(&self) -> bool {
        self.value.flatten().is_some()
    }
}

/// One field by the rule itself: its newest sample counts, and a value that came alone after a
/// document ends it; the newest one gives the time.
fn expected(sent: &[Sent], name: &str) -> Option<(Value, Quality, String)> {
    let of = |one: &Sent| one.fields.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
    let newest = sent.iter().filter(|one| of(one).is_some()).max_by_key(|one| one.second)?;
    let value = Value::Int(of(newest)?);
    let enders = sent.iter().filter(|one| one.says_number() && one.second > newest.second);
    match enders.map(|one| one.second).max().filter(|_| !newest.says_number()) {
        Some(end) => Some((Value::Null, Quality::GOOD_NO_DATA, at(end))),
        None => Some((value, Quality::GOOD, at(newest.second))),
    }
}

fn message() -> impl Strategy<Value = (Option<Option<i64>>, Vec<(&'static str, i64)>)> {
    let field = |name| proptest::option::of((1..9_i64).prop_map(move |value| (name, value)));
    let number = prop_oneof![3 => (100..199_i64).prop_map(Some), 1 => Just(None)];
    let value = proptest::option::of(number);
    (value, field("a"), field("b")).prop_filter_map("it says something", |(value, a, b)| {
        let fields: Vec<_> = a.into_iter().chain(b).collect();
        (value.is_some() || !fields.is_empty()).then_some((value, fields))
    })
}

/// Messages of different seconds, in the order of their arrival.
fn messages() -> impl Strategy<Value = Vec<Sent>> {
    let all = prop::collection::vec(message(), 2..6).prop_map(|all| {
        let numbered = (10..).zip(all);
        let sent = numbered.map(|(second, (value, fields))| Sent { second, value, fields });
        sent.collect::<Vec<_>>()
    });
    all.prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]
    #[test]
    fn a_field_is_what_its_samples_say_in_whatever_order_they_arrive(sent in messages()) {
        let world = World::new();
        let space = world.open();
        let mut gate = Gate::new(&space);
        for one in &sent {
            publish(&mut gate, "p/late", &one.payload()).unwrap();
        }
        let mut in_order = sent.clone();
        in_order.sort_by_key(|one| one.second);
        for one in &in_order {
            publish(&mut gate, "p/in_order", &one.payload()).unwrap();
        }
        let found = shown(&space, "p/late");
        for name in ["a", "b"] {
            let field = found.iter().find(|field| field.0 == name);
            let field = field.map(|(_, value, quality, time)| (value.clone(), *quality, time.clone()));
            prop_assert_eq!(field, expected(&sent, name), "{} of {:?}", name, sent);
        }
        prop_assert_eq!(&found, &shown(&space, "p/in_order"), "{:?}", sent);
        space.checkpoint().unwrap();
        prop_assert_eq!(found, shown(&world.open(), "p/late"), "out of a checkpoint");
    }
}

/// A document without fields, as a batch is on its own topic, is newer than a value and a document.
#[test]
fn a_late_value_ends_the_fields_of_a_later_document_of_a_node_that_had_none() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    for payload in [
        r#"[{"n":"a","v":47},{"n":"b","v":2}]"#,
        r#"{"value":103,"timestamp":"2026-11-21T11:00:20Z"}"#,
        r#"{"b":44,"timestamp":"2026-11-21T11:00:10Z"}"#,
    ] {
        publish(&mut gate, "uns/v1/n", payload).unwrap();
    }
    let b = shown(&space, "uns/v1/n").into_iter().find(|field| field.0 == "b");
    let ended = ("b".to_owned(), Value::Null, Quality::GOOD_NO_DATA, at(20));
    assert_eq!(b, Some(ended));
}

/// The value that ended the fields may have given way to one that says nothing, before anybody heard of them.
#[test]
fn a_late_document_ends_with_the_value_before_a_null() {
    for (nth, newest) in [
        &[
            r#"{"value":5,"ts":"2026-11-21T11:00:20Z"}"#,
            r#"{"value":null,"ts":"2026-11-21T11:00:21Z"}"#,
        ],
        &[
            r#"{"value":null,"ts":"2026-11-21T11:00:21Z"}"#,
            r#"{"value":5,"ts":"2026-11-21T11:00:20Z"}"#,
        ],
    ]
    .into_iter()
    .enumerate()
    {
        let world = World::new();
        let space = world.open();
        let mut gate = Gate::new(&space);
        let topic = format!("p/{nth}");
        for payload in newest {
            publish(&mut gate, &topic, payload).unwrap();
        }
        publish(&mut gate, &topic, r#"{"a":1,"ts":"2026-11-21T11:00:10Z"}"#).unwrap();
        let a = shown(&space, &topic).into_iter().find(|field| field.0 == "a");
        let ended = ("a".to_owned(), Value::Null, Quality::GOOD_NO_DATA, at(20));
        assert_eq!(a, Some(ended), "{newest:?}");
    }
}

/// History has no bytes, so it could not tell, and nobody has read what they say.
#[test]
fn bytes_end_no_field() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    publish(&mut gate, "p/m", r#"{"a":1}"#).unwrap();
    let bytes = [0, 255, 254, 1, 2, 128, 129, 130, 131];
    publish_as(&mut gate, "p/m", &inbound(&bytes)).unwrap();
    assert_eq!(fields(&space), [("a".to_owned(), Value::Int(1))]);
}

/// The lines of a buffer that was flushed have times before its arrival, and each its own.
#[test]
fn lines_of_several_times_end_no_field_of_each_other() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    let field = |name: &str, value| (name.to_owned(), value);
    for (second, idle) in [(50, 98.5), (52, 97.5)] {
        let nanos = |second: i64| (1_795_258_800 + second) * 1_000_000_000;
        let (one, two) = (nanos(second), nanos(second + 1));
        let text = format!("mem,host=h1 free=5i {two}\ncpu,host=h1 idle={idle} {one}\n");
        publish(&mut gate, "p/m", &text).unwrap();
        let expected =
            [field("cpu.h1.idle", Value::Float(idle)), field("mem.h1.free", Value::Int(5))];
        assert_eq!(fields(&space), expected);
    }
    publish(&mut gate, "p/m", "restarted").unwrap();
    assert_eq!(fields(&space).len(), 2);
    assert!(fields(&space).iter().all(|(_, value)| *value != Value::Null));
}

/// Names and values of the fields of a topic, but for its time.
fn fields(space: &Namespace) -> Vec<(String, Value)> {
    let found = shown(space, "p/m").into_iter().filter(|field| !["", "t"].contains(&&*field.0));
    found.map(|(name, value, ..)| (name, value)).collect()
}

/// Noon of [`World`] is when all of this is published: a source that is 3 s ahead, then one that says
/// no time, so that its samples are of now.
#[test]
fn a_value_ahead_of_the_clock_ends_no_document_that_comes_after_it() {
    let ahead = r#""ts":"2026-11-21T12:00:03Z""#;
    let field = |name: &str, value| (name.to_owned(), Value::Int(value));
    let ended = |name: &str| (name.to_owned(), Value::Null);
    for (first, second, expected) in [
        // A value with a neighbour, and the document its device sends without a time.
        (
            r#"{"v":2,"hum":4,"t":"2026-11-21T12:00:03Z"}"#.to_owned(),
            r#"{"v":3,"hum":5}"#.to_owned(),
            vec![field("hum", 5), field("v", 3)],
        ),
        (format!(r#"{{"value":2,{ahead}}}"#), r#"{"a":1}"#.to_owned(), vec![field("a", 1)]),
        // The value of now ends what a document ahead of the clock had: the node is that value.
        (format!(r#"{{"value":{{"a":1}},{ahead}}}"#), "3".to_owned(), vec![ended("a")]),
        // What says its own time is late.
        (
            format!(r#"{{"value":2,{ahead}}}"#),
            r#"{"value":{"a":1},"ts":"2026-11-21T12:00:02Z"}"#.to_owned(),
            vec![ended("a")],
        ),
    ] {
        let world = World::new();
        let space = world.open();
        let mut gate = Gate::new(&space);
        publish(&mut gate, "p/m", &first).unwrap();
        publish(&mut gate, "p/m", &second).unwrap();
        assert_eq!(fields(&space), expected, "{first}, then {second}");
        space.checkpoint().unwrap();
        assert_eq!(shown(&world.open(), "p/m"), shown(&space, "p/m"), "out of a checkpoint");
        publish(&mut gate, "p/m", "7").unwrap();
        let alone = fields(&space).into_iter().all(|(_, value)| value == Value::Null);
        assert!(alone, "a value after {second} ends its fields");
    }
}
