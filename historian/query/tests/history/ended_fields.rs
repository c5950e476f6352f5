//! NS-19f: a number, flag or text after a document ends the document's fields. The history of each
//! says so by a mark without a value (GoodNoData) at that time; a field that only is missing in a
//! newer document keeps its last value.

use historian_store::Config;
use uns_model::query::{Aggregate, HistoryQuery};
use uns_model::{Quality, Sequence, Timestamp, Value};

use crate::rig::{DAY, MS, Rig, buckets, raw};

fn field(name: &str) -> HistoryQuery {
    HistoryQuery { field: Some(name.into()), ..raw("a") }
}

/// Each sample: its place in milliseconds of the day, and its value or `-` for a mark.
fn shown(rig: &Rig, query: HistoryQuery) -> Vec<(i64, String)> {
    let show = |value: Value, quality: Quality| match value {
        Value::Null if quality == Quality::GOOD_NO_DATA => "-".to_owned(),
        Value::Text(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let samples = rig.all(query).samples.into_iter();
    samples.map(|s| ((s.timestamp.0 - DAY) / MS, show(s.value, s.quality))).collect()
}

fn row(at: i64, value: &str) -> (i64, String) {
    (at, value.to_owned())
}

/// 1: both fields; 2: one of them; 3 and 4: numbers; 5: one of them again; 6: a text.
fn plant(config: &Config) -> Rig {
    let mut rig = Rig::new(config);
    let node = rig.mint("a");
    for payload in [
        r#"{"state":"fault","error":"E12"}"#,
        r#"{"state":"ok"}"#,
        "5",
        "6",
        r#"{"state":"idle"}"#,
        "RUN",
    ] {
        rig.publish(node, payload);
    }
    rig
}

fn check(rig: &Rig) {
    let error = [row(1, "E12"), row(3, "-")];
    let state = [row(1, "fault"), row(2, "ok"), row(3, "-"), row(5, "idle"), row(6, "-")];
    for limit in [100, 2, 1] {
        assert_eq!(shown(rig, HistoryQuery { limit, ..field("error") }), error, "{limit}");
        assert_eq!(shown(rig, HistoryQuery { limit, ..field("state") }), state, "{limit}");
    }
    // A window is a part of the whole, wherever it begins and ends.
    for start in 0..8 {
        for end in start + 1..9 {
            let at = |millis: i64| Timestamp(DAY + millis * MS);
            let window = HistoryQuery { start: at(start), end: at(end), ..field("state") };
            let part = state.iter().filter(|(time, _)| (start..end).contains(time)).cloned();
            assert_eq!(shown(rig, window), part.collect::<Vec<_>>(), "{start}..{end}");
        }
    }
    // The node's own history has no marks.
    assert_eq!(shown(rig, raw("a")).len(), 6);
}

#[test]
fn a_number_after_documents_ends_their_fields_in_history() {
    let mut rig = plant(&Config::default());
    check(&rig);
    rig.flush();
    check(&rig);
    rig.restart();
    check(&rig);
    // Of files alone, without catalog and log.
    rig.stop();
    rig.log.drop_until(Sequence(9_999));
    std::fs::remove_file(rig.catalog()).expect("a catalog");
    rig.start();
    check(&rig);
}

#[test]
fn a_replay_of_the_log_ends_them_alike() {
    let mut rig = plant(&Config::default());
    rig.power_cut();
    check(&rig);
    // And so does one half of it in files and the other half in memory.
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    for (n, payload) in
        [r#"{"state":"fault","error":"E12"}"#, r#"{"state":"ok"}"#, "5", "6"].iter().enumerate()
    {
        rig.publish(node, payload);
        if n % 2 == 1 {
            rig.flush();
        }
    }
    rig.publish(node, r#"{"state":"idle"}"#);
    rig.publish(node, "RUN");
    check(&rig);
}

#[test]
fn buckets_end_at_the_mark() {
    let rig = plant(&Config::default());
    let of = |aggregate, millis| {
        let query = HistoryQuery { field: Some("state".into()), ..buckets("a", aggregate, millis) };
        let samples = rig.all(query).samples.into_iter();
        samples.map(|s| (s.value, s.quality.word())).collect::<Vec<_>>()
    };
    let text = |text: &str| Value::Text(text.into());
    // A bucket that has a value and the mark answers, and is not wholly Good; one that has the mark
    // alone has no value.
    assert_eq!(
        of(Aggregate::Last, 2),
        [
            (text("fault"), "Good"),
            (text("ok"), "Uncertain"),
            (text("idle"), "Good"),
            (Value::Null, "Bad"),
        ]
    );
    let counted: Vec<_> = of(Aggregate::Count, 3_600_000).into_iter().map(|of| of.0).collect();
    assert_eq!(counted, [Value::Int(3)], "marks are no values");
}

#[test]
fn what_comes_late_moves_the_mark() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    let at = |millis: i64| Timestamp(DAY + millis * MS);
    rig.publish(node, &format!(r#"{{"state":"ok","ts":"{}"}}"#, at(-100)));
    rig.publish(node, &format!(r#"{{"value":5,"ts":"{}"}}"#, at(-50)));
    assert_eq!(shown(&rig, field("state")), [row(-100, "ok"), row(-50, "-")]);
    rig.publish(node, &format!(r#"{{"value":4,"ts":"{}"}}"#, at(-80)));
    assert_eq!(shown(&rig, field("state")), [row(-100, "ok"), row(-80, "-")]);
    rig.publish(node, &format!(r#"{{"state":"late","ts":"{}"}}"#, at(-60)));
    let expected = [row(-100, "ok"), row(-80, "-"), row(-60, "late"), row(-50, "-")];
    assert_eq!(shown(&rig, field("state")), expected);
    // A number that there is none of says nothing.
    rig.publish(node, &format!(r#"{{"value":null,"ts":"{}"}}"#, at(-55)));
    assert_eq!(shown(&rig, field("state")), expected);
}

/// As Telegraf writes a buffer that was flushed: each line has its own time, before its arrival.
#[test]
fn lines_of_several_times_end_no_field_of_each_other() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    let line = |of: &str, millis: i64| format!("{of} {}\n", DAY + millis * MS);
    for millis in [-100, -50] {
        let lines = [line("mem,host=h1 free=5i", millis + 20), line("cpu,host=h1 idle=8i", millis)];
        rig.publish(node, &lines.concat());
    }
    rig.publish(node, "restarted");
    assert_eq!(shown(&rig, field("cpu.h1.idle")), [row(-100, "8"), row(-50, "8")]);
    assert_eq!(shown(&rig, field("mem.h1.free")), [row(-80, "5"), row(-30, "5")]);
    let own = shown(&rig, raw("a"));
    let times: Vec<_> = own.iter().map(|(at, _)| *at).collect();
    assert_eq!(times[..4], [-100, -80, -50, -30], "{own:?}");
    assert!(own[0].1.starts_with("cpu,host=h1 idle=8i "), "{own:?}");
}

/// A node that has long been a number costs a question about its old fields little.
#[test]
fn numbers_after_the_end_are_not_read() {
    let mut rig = plant(&Config::default());
    rig.flush();
    rig.query_config.read_samples_max = 50;
    let node = uns_model::NodeNo(0);
    for n in 0..500 {
        rig.publish(node, &n.to_string());
    }
    rig.flush();
    rig.restart();
    assert_eq!(shown(&rig, field("error")), [row(1, "E12"), row(3, "-")]);
}

/// Fills so many files between a document and the number that ends it, with values of nodes whose
/// series are around theirs.
fn far_apart(rig: &mut Rig, files: usize) -> i64 {
    let (before, node, behind) = (rig.mint("before"), rig.mint("a"), rig.mint("behind"));
    rig.publish(before, "0");
    rig.publish(node, r#"{"error":"E12"}"#);
    rig.publish(node, "4");
    rig.publish(node, r#"{"error":"E13"}"#);
    rig.flush();
    for n in 0..files {
        rig.publish(before, &n.to_string());
        rig.publish(behind, &n.to_string());
        rig.flush();
    }
    let after = rig.now();
    rig.publish(node, "5");
    (after - DAY) / MS
}

#[test]
fn the_mark_is_there_however_many_files_lie_before_it() {
    let mut rig = Rig::new(&Config::default());
    let at = far_apart(&mut rig, 40);
    assert_eq!(rig.files().len(), 41);
    let window = HistoryQuery { start: Timestamp(DAY + (at - 1) * MS), ..field("error") };
    for flushed in [false, true] {
        let whole = shown(&rig, field("error"));
        assert_eq!(whole.last(), Some(&row(at, "-")));
        assert_eq!(shown(&rig, window.clone()), [row(at, "-")], "flushed: {flushed}");
        rig.flush();
    }
}

/// What was there before a range is looked for within the limit of samples that are read.
#[test]
fn what_came_before_a_window_is_read_within_the_limit() {
    let mut rig = Rig::new(&Config::default());
    rig.query_config.read_samples_max = 20;
    let node = rig.mint("a");
    rig.publish(node, r#"{"state":"ok"}"#);
    rig.publish(node, "1");
    for _ in 0..40 {
        // A number that there is none of says nothing, so that the one before is asked for.
        (0..10).for_each(|_| rig.publish(node, r#"{"value":null}"#));
        rig.flush();
    }
    let now = rig.now();
    rig.publish(node, "5");
    rig.restart();
    let window = HistoryQuery { start: Timestamp(now), ..field("state") };
    let refused = rig.ask(window).expect_err("too much");
    assert!(matches!(refused, historian_query::Error::TooMuch { max: 20 }), "{refused:?}");
}
