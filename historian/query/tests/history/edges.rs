//! Late data, types, fields, time rules, purge and refusals.

use historian_query::Error;
use historian_store::Config;
use uns_model::query::{Aggregate, HistoryQuery};
use uns_model::{Quality, Timestamp, Value};

use crate::rig::{DAY, MS, Rig, buckets, raw};

fn values(rig: &Rig, topic: &str) -> Vec<Value> {
    rig.all(raw(topic)).samples.into_iter().map(|s| s.value).collect()
}

#[test]
fn duplicates_collapse_and_the_newest_correction_wins_across_files() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    let publish = |rig: &mut Rig, value: i32, quality: &str| {
        let time = DAY / MS;
        let payload =
            format!("{{\"value\":{value},\"timestamp\":{time},\"quality\":\"{quality}\"}}");
        rig.publish(node, &payload);
    };
    publish(&mut rig, 1, "Good");
    rig.flush();
    let first = rig.all(raw("a")).samples;
    publish(&mut rig, 1, "Good");
    assert_eq!(rig.all(raw("a")).samples, first, "a redelivery changes nothing");
    publish(&mut rig, 2, "Good");
    rig.flush();
    publish(&mut rig, 2, "Uncertain");
    let page = rig.all(raw("a"));
    assert_eq!(page.samples.len(), 1);
    assert_eq!(
        (&page.samples[0].value, page.samples[0].quality.is_uncertain()),
        (&Value::Int(2), true)
    );
}

#[test]
fn a_type_change_keeps_one_history() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    for payload in ["1", "2.5", "\"off\"", "true", "3", "null", "[1,2]"] {
        rig.publish(node, payload);
        rig.flush();
    }
    let expected = [
        Value::Int(1),
        Value::Float(2.5),
        Value::Text("off".into()),
        Value::Bool(true),
        Value::Int(3),
        Value::Null,
        Value::Document("[1,2]".into()),
    ];
    assert_eq!(values(&rig, "a"), expected);
    // One per type, and one for each of the two elements of the list.
    assert_eq!(rig.store().health().series, 6);
    rig.restart();
    rig.publish(node, "4");
    assert_eq!(values(&rig, "a").last(), Some(&Value::Int(4)));
    assert_eq!(rig.store().health().series, 6);
}

#[test]
fn objects_are_documents_and_their_leaves_are_fields() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    let text = "{\"temp\":23.4,\"motor\":{\"rpm\":1200}}";
    rig.publish(node, text);
    rig.flush();
    assert_eq!(values(&rig, "a"), [Value::Document(text.into())]);
    let field = |field: &str| {
        let query = HistoryQuery { field: Some(field.into()), ..raw("a") };
        rig.all(query).samples.into_iter().map(|s| s.value).collect::<Vec<_>>()
    };
    assert_eq!(field("temp"), [Value::Float(23.4)]);
    assert_eq!(field("motor.rpm"), [Value::Int(1200)]);
    assert_eq!(field("none"), []);
}

#[test]
fn unbelievable_source_times_become_ingest_time_and_leave_the_quality() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    let ahead = DAY / MS + 61_004;
    for time in [ahead, 1_000, DAY / MS + 30_000] {
        rig.publish(node, &format!("{{\"value\":1,\"timestamp\":{time}}}"));
    }
    let samples = rig.all(raw("a")).samples;
    let got: Vec<_> = samples.iter().map(|s| (s.timestamp.0 - DAY, s.quality)).collect();
    let expected = [MS, 2 * MS, 30_000 * MS].map(|time| (time, Quality::GOOD));
    assert_eq!(got, expected);
    assert_eq!(rig.store().health().counters.time_replaced, 2);
}

#[test]
fn opaque_bytes_and_unknown_nodes_have_no_history() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    rig.publish_bytes(node, &[0xff, 0xfe, 0x00]);
    rig.publish(node, "");
    rig.publish(uns_model::NodeNo(99), "1");
    assert_eq!(values(&rig, "a"), []);
    let counters = rig.store().health().counters;
    assert_eq!((counters.opaque, counters.unknown_node, counters.samples), (1, 1, 0));
    assert!(matches!(rig.ask(raw("b")), Err(Error::NodeUnknown { .. })));
}

#[test]
fn purge_hides_at_once_drops_files_and_survives_restart() {
    let mut rig = Rig::new(&Config::default());
    let (gone, kept) = (rig.mint("gone"), rig.mint("kept"));
    rig.publish(gone, "1");
    rig.flush();
    rig.publish(gone, "2");
    rig.publish(kept, "3");
    rig.flush();
    rig.publish(gone, "4");
    assert_eq!(rig.files().len(), 2);
    rig.delete(gone, true);
    assert!(matches!(rig.ask(raw("gone")), Err(Error::NodeUnknown { .. })));
    rig.flush();
    rig.restart();
    rig.flush();
    assert!(matches!(rig.ask(raw("gone")), Err(Error::NodeUnknown { .. })));
    assert_eq!(values(&rig, "kept"), [Value::Int(3)]);
    assert_eq!(rig.files().len(), 1, "the file of nothing but purged series is gone");
    let again = rig.mint("gone");
    rig.publish(again, "5");
    assert_eq!(values(&rig, "gone"), [Value::Int(5)]);
}

#[test]
fn delete_without_purge_keeps_history_and_a_new_node_continues_it() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    rig.publish(node, "1");
    rig.delete(node, false);
    let again = rig.mint("a");
    rig.publish(again, "2");
    rig.flush();
    rig.restart();
    assert_eq!(values(&rig, "a"), [Value::Int(1), Value::Int(2)]);
}

/// It was left out, and came back when its file was damaged and made again from the log.
#[test]
fn what_comes_behind_the_deletion_of_its_node_is_history_unless_that_is_purged() {
    for (purge, expected) in [(false, vec![Value::Int(1), Value::Int(9)]), (true, vec![])] {
        let mut rig = Rig::new(&Config::default());
        let (node, other) = (rig.mint("a"), rig.mint("b"));
        rig.publish(node, "1");
        rig.publish(other, "2");
        rig.delete(node, purge);
        rig.publish(node, "9");
        let found = |rig: &Rig| if purge { vec![] } else { values(rig, "a") };
        assert_eq!(found(&rig), expected, "in memory, purge {purge}");
        rig.flush();
        assert_eq!(found(&rig), expected, "in a file, purge {purge}");
        let file = rig.dir.join("files").join(&rig.files()[0]);
        rig.stop();
        assert!(rig.disk.flip_bit(&file, 64));
        rig.start();
        assert_eq!(found(&rig), expected, "in a file made again, purge {purge}");
        let gone = matches!(rig.ask(raw("a")), Err(Error::NodeUnknown { .. }));
        assert_eq!((gone, values(&rig, "b")), (purge, vec![Value::Int(2)]));
    }
}

#[test]
fn rows_of_one_batch_without_times_all_stay() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    let time = DAY / MS;
    let rows = format!(
        "[{{\"value\":1,\"timestamp\":{time}}},{{\"value\":2,\"timestamp\":{}}}]",
        time + 1
    );
    rig.publish(node, &rows);
    rig.publish(node, "7");
    rig.publish(node, "7");
    rig.flush();
    let expected = [1, 2, 7, 7].map(Value::Int);
    assert_eq!(values(&rig, "a"), expected);
}

#[test]
fn a_recording_over_years_makes_few_files() {
    let mut rig = Rig::new(&Config { flush_files_max: 8, ..Config::default() });
    let node = rig.mint("a");
    for month in 0..60 {
        let time = DAY / MS - month * 30 * 86_400_000;
        rig.publish(node, &format!("{{\"value\":{month},\"timestamp\":{time}}}"));
    }
    rig.flush();
    assert_eq!(values(&rig, "a").len(), 60);
    assert!(rig.files().len() <= 8, "{:?}", rig.files());
}

#[test]
fn nonsense_is_refused_by_name() {
    let mut rig = Rig::new(&Config::default());
    rig.mint("a");
    let range = HistoryQuery { start: Timestamp(5), end: Timestamp(5), ..raw("a") };
    assert!(matches!(rig.ask(range), Err(Error::EmptyRange)));
    for limit in [0, 100_001] {
        let limits = HistoryQuery { limit, ..raw("a") };
        assert!(matches!(rig.ask(limits), Err(Error::Limit { max: 100_000 })));
    }
    let half = HistoryQuery { aggregate: Some(Aggregate::Avg), ..raw("a") };
    assert!(matches!(rig.ask(half), Err(Error::HalfAnAggregate)));
    assert!(matches!(rig.ask(buckets("a", Aggregate::Avg, 0)), Err(Error::Bucket { .. })));
    for after in ["", "x.1", "5", "-7.0"] {
        let query = HistoryQuery { after: Some(after.into()), ..raw("a") };
        assert!(matches!(rig.ask(query), Err(Error::After)), "{after}");
    }
}

#[test]
fn broken_json_is_text_as_in_the_last_value() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("plant/a");
    let broken = r#"{"a":1,"a":2}"#;
    rig.publish(node, broken);
    assert_eq!(values(&rig, "plant/a"), [Value::Text(broken.into())]);
    assert_eq!(rig.store().health().counters.malformed, 1);
}

#[test]
fn brownfield_has_no_history_where_it_is_switched_off() {
    let mut rig = Rig::new(&Config { brownfield: false, ..Config::default() });
    let (brownfield, own) = (rig.mint("plant/a"), rig.mint("uns/v1/a"));
    for restart in [false, true] {
        rig.publish(brownfield, "1");
        rig.publish(own, "2");
        assert_eq!(values(&rig, "plant/a"), []);
        assert_eq!(values(&rig, "uns/v1/a").len(), 1 + usize::from(restart));
        assert_eq!(rig.store().health().counters.brownfield, 1);
        rig.flush();
        rig.restart();
    }
}

/// All pages of a query, with something published between each two.
fn paged(rig: &mut Rig, query: &HistoryQuery, mut between: impl FnMut(&mut Rig)) -> Vec<Value> {
    let mut query = query.clone();
    let mut all = Vec::new();
    loop {
        let page = rig.ask(query.clone()).expect("a page");
        all.extend(page.samples.into_iter().map(|sample| sample.value));
        let Some(next) = page.next else { return all };
        query.after = Some(next);
        between(rig);
    }
}

#[test]
fn a_late_point_between_two_pages_neither_repeats_nor_hides_a_sample() {
    for flush in [false, true] {
        let mut rig = Rig::new(&Config::default());
        let node = rig.mint("a");
        let publish = |rig: &mut Rig, millis: i64, value: i64| {
            let time = DAY / MS - 10_000 + millis;
            rig.publish(node, &format!("{{\"value\":{value},\"timestamp\":{time}}}"));
            if flush {
                rig.flush();
            }
        };
        // Three at one time, told apart by the source's own numbers, among others.
        for n in 0..10 {
            let time = DAY / MS - 10_000 + [0, 100, 200, 200, 200, 300, 400, 500, 600, 700][n];
            let payload = format!("{{\"value\":{n},\"timestamp\":{time},\"seq\":{n}}}");
            rig.publish(node, &payload);
        }
        let expected: Vec<_> = (0..10).map(Value::Int).collect();
        let mut late = 0;
        for limit in [1, 2, 3] {
            let query = HistoryQuery { limit, ..raw("a") };
            let got = paged(&mut rig, &query, |rig| {
                late += 1;
                // Before, at and behind where the pages are, and a correction.
                [50, 200, 650].into_iter().for_each(|at| publish(rig, at + late, 100));
                let time = DAY / MS - 10_000 + 600;
                rig.publish(node, &format!("{{\"value\":99,\"timestamp\":{time},\"seq\":8}}"));
            });
            let got: Vec<_> = got.into_iter().filter(|v| *v != Value::Int(100)).collect();
            let corrected = |v: &Value| if limit > 1 && *v == Value::Int(8) { 99 } else { -1 };
            let expected: Vec<_> = expected
                .iter()
                .map(|v| if corrected(v) > 0 { Value::Int(99) } else { v.clone() })
                .collect();
            assert_eq!(got, expected, "limit {limit}, flush {flush}");
        }
    }
}

#[test]
fn a_late_point_between_two_pages_of_buckets_changes_neither() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    let publish = |rig: &mut Rig, millis: i64| {
        let time = DAY / MS - 10_000 + millis;
        rig.publish(node, &format!("{{\"value\":1,\"timestamp\":{time}}}"));
    };
    (0..40).for_each(|n| publish(&mut rig, n * 100 + 50));
    let query = HistoryQuery { limit: 1, ..buckets("a", Aggregate::Count, 1_000) };
    let mut late = 0;
    let counts = paged(&mut rig, &query, |rig| {
        late += 1;
        // In front of the first sample of each bucket.
        (0..4).for_each(|second| publish(rig, second * 1_000 + late));
    });
    assert_eq!(counts, [10, 10, 10, 10].map(Value::Int));
    let all = HistoryQuery { limit: 10, ..query };
    assert_eq!(paged(&mut rig, &all, |_| {}), [13, 13, 13, 13].map(Value::Int));
}

#[test]
fn a_page_token_fits_its_query_only_and_keeps_the_end_of_the_range() {
    let mut rig = Rig::new(&Config::default());
    for topic in ["a", "b"] {
        let node = rig.mint(topic);
        (0..5).for_each(|n| rig.publish(node, &n.to_string()));
    }
    let first = rig.ask(HistoryQuery { limit: 2, ..raw("a") }).expect("a page");
    let after = first.next.expect("a second page");
    let token = |query: HistoryQuery| HistoryQuery { after: Some(after.clone()), ..query };
    // A window that moves with the clock goes on where it was.
    let moved = HistoryQuery { start: Timestamp(DAY + 3 * MS), limit: 9, ..raw("a") };
    assert_eq!(rig.ask(token(moved)).expect("a page").samples.len(), 3);
    let others = [raw("b"), buckets("a", Aggregate::Count, 1_000)];
    for other in others {
        assert!(matches!(rig.ask(token(other)), Err(Error::After)));
    }
    let mut forged = after.clone().into_bytes();
    forged[20] ^= 1;
    let forged = String::from_utf8(forged).expect("a digit");
    let query = HistoryQuery { after: Some(forged), ..raw("a") };
    assert!(matches!(rig.ask(query), Err(Error::After)));
}

#[test]
fn a_page_of_large_values_ends_early_and_the_next_goes_on_behind_it() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    let text = "x".repeat(60_000);
    for n in 0..300 {
        rig.publish(node, &format!("{n:03}{text}"));
    }
    let (mut after, mut pages, mut seen) = (None, 0, Vec::new());
    loop {
        let page = rig.ask(HistoryQuery { after, limit: 1_000, ..raw("a") }).unwrap();
        assert!(page.samples.len() <= 140, "{} values of 60 kB in one page", page.samples.len());
        seen.extend(page.samples.iter().map(|sample| match &sample.value {
            Value::Text(text) => text.chars().take(3).collect(),
            other => format!("{other:?}"),
        }));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let all: Vec<_> = (0..300).map(|n| format!("{n:03}")).collect();
    assert_eq!((pages, seen), (3, all));
}
