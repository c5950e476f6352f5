//! Units of series (NS-23a), what cannot be computed, and why an answer is empty.

use historian_query::Error;
use historian_store::Config;
use uns_model::query::{Aggregate, HistoryQuery, Nothing};
use uns_model::{Sequence, Timestamp, Value};

use crate::rig::{DAY, MS, Rig, buckets, raw};

fn units(rig: &Rig, query: HistoryQuery) -> Vec<(Value, Option<String>)> {
    let samples = rig.all(query).samples.into_iter();
    samples.map(|s| (s.value, s.unit.as_deref().map(str::to_owned))).collect()
}

#[test]
fn a_unit_belongs_to_the_series_and_another_one_begins_a_new_generation() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    let plain = ["1", r#"{"value":2,"unit":"bar"}"#, "3"];
    let other = [r#"{"value":40,"unit":"psi"}"#, r#"{"value":5,"unit":"bar"}"#];
    for payload in plain.into_iter().chain(other) {
        rig.publish(node, payload);
    }
    let row = |value, unit: Option<&str>| (Value::Int(value), unit.map(str::to_owned));
    let expected = [
        row(1, None),
        row(2, Some("bar")),
        row(3, Some("bar")),
        row(40, Some("psi")),
        row(5, Some("bar")),
    ];
    assert_eq!(units(&rig, raw("a")), expected);
    assert_eq!(rig.store().health().series, 3);
    rig.flush();
    assert_eq!(units(&rig, raw("a")), expected);
    // What is in different units is not added up.
    let sums = [row(1, None), row(10, Some("bar")), row(40, Some("psi"))];
    assert_eq!(units(&rig, buckets("a", Aggregate::Sum, 3_600_000)), sums);
    rig.restart();
    assert_eq!(units(&rig, raw("a")), expected);
    // Without catalog and log the files know them.
    rig.stop();
    rig.log.drop_until(Sequence(9_999));
    std::fs::remove_file(rig.catalog()).expect("a catalog");
    rig.start();
    assert_eq!(units(&rig, raw("a")), expected);
    assert_eq!(rig.store().health().series, 3);
}

#[test]
fn a_device_that_names_ever_new_units_continues_its_latest_series() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    for number in 0..40 {
        rig.publish(node, &format!("{{\"value\":{number},\"unit\":\"u{number}\"}}"));
    }
    let row = |number: i64| (Value::Int(number), Some(format!("u{}", number.min(15))));
    let expected: Vec<_> = (0..40).map(row).collect();
    assert_eq!(units(&rig, raw("a")), expected);
    let health = rig.store().health();
    assert_eq!((health.series, health.counters.units_refused), (16, 24));
    rig.flush();
    rig.restart();
    assert_eq!(units(&rig, raw("a")), expected);
}

#[test]
fn an_average_of_text_is_refused_and_says_what_works() {
    let mut rig = Rig::new(&Config::default());
    let (text, mixed) = (rig.mint("text"), rig.mint("mixed"));
    rig.publish(text, "\"RUN\"");
    rig.publish(mixed, "\"RUN\"");
    rig.publish(mixed, "7");
    for aggregate in [Aggregate::Avg, Aggregate::Sum, Aggregate::Min, Aggregate::Max] {
        let error = rig.ask(buckets("text", aggregate, 1_000)).expect_err("no number");
        assert!(matches!(&error, Error::NotNumbers { topic, .. } if topic == "text"));
        assert!(error.to_string().contains("count, first and last work"), "{error}");
        let page = rig.all(buckets("mixed", aggregate, 3_600_000));
        assert_eq!(page.samples.last().expect("a bucket").value.as_f64(), Some(7.0));
    }
    let last = rig.all(buckets("text", Aggregate::Last, 1_000)).samples;
    assert_eq!(last[0].value, Value::Text("RUN".into()));
}

#[test]
fn an_empty_answer_names_the_fields_there_are_and_when_the_newest_sample_was() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    rig.publish(node, r#"{"temp":1,"motor":{"rpm":2}}"#);
    let nothing = |rig: &Rig, field: Option<&str>| {
        let (start, end) = (Timestamp(DAY - 1_000 * MS), Timestamp(DAY - 900 * MS));
        let query = HistoryQuery { start, end, field: field.map(Into::into), ..raw("a") };
        rig.ask(query).expect("an empty page").nothing
    };
    let newest = Some(Nothing::NotThen(Some(Timestamp(DAY + MS))));
    for _ in 0..2 {
        let fields = Some(Nothing::NoField(vec!["motor.rpm".into(), "temp".into()]));
        assert_eq!(nothing(&rig, Some("tmep")), fields);
        assert_eq!(nothing(&rig, Some("temp")), newest);
        assert_eq!(nothing(&rig, None), newest);
        assert_eq!(rig.ask(raw("a")).expect("a page").nothing, None);
        rig.flush();
    }
    rig.mint("b");
    assert_eq!(rig.ask(raw("b")).expect("a page").nothing, Some(Nothing::NotThen(None)));
}
