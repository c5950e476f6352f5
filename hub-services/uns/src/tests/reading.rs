//! `GET`: tree, current, history, search.

use std::sync::Arc;

use expect_test::expect;
use uns_model::query::{Aggregate, HistorySample};
use uns_model::{Quality, Sequence, Timestamp, Value};

use super::{Fake, NOON, get, refused, send, text};

#[tokio::test]
async fn current_takes_an_unescaped_curl() {
    let fake = Fake::plant();
    expect![[r#"200 {"cursor":"9","values":[{"topic":"Enterprise/Site/line 1/temp","value":20.5,"quality":"Good","timestamp":"2026-11-21T12:00:00Z","sequence":3},{"topic":"uns/v1/acme/line3/speed","value":1200,"quality":"Good","timestamp":"2026-11-21T12:00:00Z","sequence":3,"unit":"1/min"},{"topic":"uns/v1/acme/line3/temperature","value":23.0,"quality":"Good","timestamp":"2026-11-21T12:00:00Z","sequence":3}],"next":null}"#]].assert_eq(&get(&fake, "current?filter=**").await);
    assert_eq!(*fake.waited.lock().unwrap(), 1, "a client reads its own writes");
    assert_eq!(get(&fake, "current").await, get(&fake, "current?filter=**").await);
    expect![[r#"200 {"cursor":"9","values":[{"topic":"Enterprise/Site/line 1/temp","value":20.5,"quality":"Good","timestamp":"2026-11-21T12:00:00Z","sequence":3}],"next":null}"#]].assert_eq(&get(&fake, "current?filter=Enterprise/*/line+1/*").await);
    let escaped = get(&fake, "current?filter=Enterprise%2F*%2Fline%201%2F*").await;
    assert_eq!(escaped, get(&fake, "current?filter=Enterprise/*/line+1/*").await);
    expect![[
        r#"200 {"cursor":"9","values":[],"next":null,"hint":"No topic matches `nothing/here`."}"#
    ]]
    .assert_eq(&get(&fake, "current?filter=nothing/here").await);
}

#[tokio::test]
async fn the_prefix_may_be_left_out_and_pages_stay_on_one_form() {
    let fake = Fake::plant();
    let long = get(&fake, "current?filter=uns/v1/acme/**&limit=1").await;
    assert_eq!(get(&fake, "current?filter=acme/**&limit=1").await, long);
    assert!(long.contains(r#""next":"uns/v1/acme/line3/speed""#), "{long}");
    let page = get(&fake, "current?filter=acme/**&limit=1&after=uns/v1/acme/line3/speed").await;
    assert!(page.contains("temperature") && page.contains(r#""next":null"#), "{page}");
    // The end of the short form's own pages is not continued below the prefix.
    let own = Fake::with(&[("acme/a", Value::Int(1)), ("uns/v1/acme/b", Value::Int(2))]);
    let page = get(&own, "current?filter=acme/**&after=acme/a").await;
    assert!(page.contains(r#""values":[]"#), "{page}");
    let tree = get(&fake, "tree?path=acme/line3/").await;
    assert_eq!(tree, get(&fake, "tree?path=uns/v1/acme/line3").await);
}

#[tokio::test]
async fn the_tree_has_groups_and_leaves() {
    let fake = Fake::plant();
    expect![[r#"200 {"path":"","children":[{"name":"Enterprise","path":"Enterprise","children":1,"leaf":false},{"name":"uns","path":"uns","children":2,"leaf":false}],"next":null}"#]].assert_eq(&get(&fake, "tree").await);
    expect![[r#"200 {"path":"uns/v1/acme/line3","children":[{"name":"speed","path":"uns/v1/acme/line3/speed","children":0,"leaf":true,"value":1200,"quality":"Good","timestamp":"2026-11-21T12:00:00Z"},{"name":"temperature","path":"uns/v1/acme/line3/temperature","children":0,"leaf":true,"value":23.0,"quality":"Good","timestamp":"2026-11-21T12:00:00Z"}],"next":null}"#]].assert_eq(&get(&fake, "tree?path=uns/v1/acme/line3").await);
    expect![[
        r#"200 {"path":"nowhere","children":[],"next":null,"hint":"Nothing lies below `nowhere`."}"#
    ]]
    .assert_eq(&get(&fake, "tree?path=nowhere").await);
    expect![[r#"200 {"results":[{"name":"speed","path":"uns/v1/acme/line3/speed","value":1200,"quality":"Good","timestamp":"2026-11-21T12:00:00Z"}],"next":null}"#]].assert_eq(&get(&fake, "search?q=speed").await);
}

#[tokio::test]
async fn history_defaults_to_the_last_hour() {
    let fake = Fake::plant();
    fill(&fake, 2);
    expect![[r#"200 {"topic":"uns/v1/acme/line3/temperature","unit":"°C","samples":[{"timestamp":"2026-11-21T11:59:58Z","value":23.0,"quality":"Good"},{"timestamp":"2026-11-21T11:59:59Z","value":"=1+1","quality":"Good"}],"next":null}"#]].assert_eq(&get(&fake, "history?topic=acme/line3/temperature").await);
    let query = fake.asked.lock().unwrap().pop().unwrap();
    assert_eq!(query.topic, "uns/v1/acme/line3/temperature");
    assert_eq!((query.start, query.end), (Timestamp(NOON - 3_600_000_000_000), Timestamp(NOON)));
    assert_eq!(query.limit, 1_000);

    let uri = "history?topic=Enterprise/Site/line%201/temp&field=motor.temp\
               &start=2026-11-21T10:00:00+01:00&end=-30m&aggregate=avg&bucket=1m&limit=100000";
    get(&fake, uri).await;
    let query = fake.asked.lock().unwrap().pop().unwrap();
    assert_eq!(query.start, Timestamp(NOON - 3 * 3_600_000_000_000));
    assert_eq!(query.end, Timestamp(NOON - 1_800_000_000_000));
    assert_eq!(
        (query.aggregate, query.field.as_deref()),
        (Some(Aggregate::Avg), Some("motor.temp"))
    );
    assert_eq!(query.bucket, Some(std::time::Duration::from_secs(60)));
}

#[tokio::test]
async fn history_says_what_a_text_also_reads_as() {
    let fake = Fake::plant();
    fill(&fake, 1);
    fake.history.lock().unwrap()[0].value = Value::Text("23,4 °C".into());
    let answer = get(&fake, "history?topic=acme/line3/temperature").await;
    let sample = r#""value":"23,4 °C","quality":"Good","readsAs":23.4}"#;
    assert!(answer.contains(sample), "{answer}");
}

#[tokio::test]
async fn a_range_may_be_open_at_either_end() {
    const HOUR: i64 = 3_600_000_000_000;
    let fake = Fake::plant();
    for (bounds, start, end, is_open) in [
        ("", NOON - HOUR, NOON, true),
        ("&start=&end=", NOON - HOUR, NOON, true),
        ("&start=-2h", NOON - 2 * HOUR, NOON, true),
        // An end without a start has the hour before it.
        ("&end=-2h", NOON - 3 * HOUR, NOON - 2 * HOUR, false),
        ("&start=0001-01-01T00:00:00Z", i64::MIN, NOON, true),
        ("&start=0001-01-01&end=9999-12-31", i64::MIN, i64::MAX, false),
        ("&start=2026-11-21T12:59:59.999999999+01:00&end=now", NOON - 1, NOON, false),
        ("&start=2026-11-21T12:30+01&end=2026-11-21T07:00-05:00", NOON - HOUR / 2, NOON, false),
    ] {
        get(&fake, &format!("history?topic=acme/line3/temperature{bounds}")).await;
        let query = fake.asked.lock().unwrap().pop().unwrap();
        let asked = (query.start.0, query.end.0, query.until_newest);
        assert_eq!(asked, (start, end, is_open), "{bounds}");
    }
    let noon = "2026-11-21T12:00:00Z";
    for (start, end) in
        [(noon, noon), (noon, "now"), ("now", ""), ("9999-12-31", "9999-12-31"), ("-1h", "-2h")]
    {
        let uri = format!("history?topic=acme/line3/temperature&start={start}&end={end}");
        expect![[r#"400 parameter_invalid "Parameter `start`: must lie before `end`, which is not included and is now by default.""#]].assert_eq(&refused(&fake, "GET", &uri, "").await);
    }
}

#[tokio::test]
async fn csv_pages_by_link() {
    let fake = Fake::plant();
    fill(&fake, 3);
    let uri = "history?topic=acme/line3/temperature&format=csv&limit=2";
    let response = send(&fake, "GET", uri, "").await;
    let headers = response.headers().clone();
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    let link = headers["link"].to_str().unwrap();
    assert_eq!(link, "<?topic=acme/line3/temperature&format=csv&limit=2&after=2>; rel=\"next\"");
    expect![[r#"
        timestamp,value,quality,unit
        2026-11-21T11:59:57Z,23.0,Good,°C
        2026-11-21T11:59:58Z,'=1+1,Good,°C
    "#]]
    .assert_eq(&text(response).await);
    let last = send(&fake, "GET", &format!("{uri}&after=2"), "").await;
    assert!(last.headers().get("link").is_none());
}

#[tokio::test]
async fn dead_letters_are_paged_as_they_were_published() {
    let fake = Fake::plant();
    expect![[r#"200 {"letters":[],"next":null}"#]].assert_eq(&get(&fake, "dead-letters").await);
    *fake.dead.lock().unwrap() = (1..=3).map(|n| format!(r#"{{"deadId":"{n}"}}"#)).collect();
    expect![[r#"200 {"letters":[{"deadId":"1"},{"deadId":"2"}],"next":"2"}"#]]
        .assert_eq(&get(&fake, "dead-letters?limit=2").await);
    expect![[r#"200 {"letters":[{"deadId":"3"}],"next":null}"#]]
        .assert_eq(&get(&fake, "dead-letters?limit=2&after=2").await);
}

fn fill(fake: &Arc<Fake>, count: i64) {
    let samples = (0..count).map(|index| HistorySample {
        timestamp: Timestamp(NOON - 1_000_000_000 * (count - index)),
        value: if index == 0 { Value::Float(23.0) } else { Value::Text("=1+1".into()) },
        quality: Quality::GOOD,
        sequence: Sequence(1),
        unit: Some("°C".into()),
    });
    *fake.history.lock().unwrap() = samples.collect();
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_named() {
    let fake = Fake::plant();
    for (uri, expected) in [
        ("current?filtre=x", "400 parameter_unknown"),
        ("current?filter=a/**/b", "400 parameter_invalid"),
        ("current?limit=1001", "400 parameter_invalid"),
        ("tree?depth=0", "400 parameter_invalid"),
        ("search", "400 parameter_invalid"),
        ("history", "400 parameter_invalid"),
        ("history?topic=uns/v1/none", "404 node_unknown"),
        ("history?topic=a&start=yesterday", "400 parameter_invalid"),
        ("history?topic=a&start=-1h&end=-2h", "400 parameter_invalid"),
        ("history?topic=a&aggregate=avg", "400 parameter_invalid"),
        ("history?topic=a&bucket=1m", "400 parameter_invalid"),
        ("history?topic=a&aggregate=median&bucket=1m", "400 parameter_invalid"),
        ("history?topic=a&format=xml", "400 parameter_invalid"),
        ("history?topic=a&limit=100001", "400 parameter_invalid"),
    ] {
        let answer = refused(&fake, "GET", uri, "").await;
        assert!(answer.starts_with(expected), "{uri}: {answer}");
    }
    expect![[r#"400 parameter_invalid "Parameter `start`: must be RFC 3339 (`2026-11-21T12:00:00Z`), an epoch number within 2000 to 2100, `now`, or a time before now such as `-1h` (ms, s, m, h, d, w).""#]].assert_eq(&refused(&fake, "GET", "history?topic=a&start=12:00", "").await);
}

#[tokio::test]
async fn an_empty_answer_says_what_was_looked_for() {
    let fake = Fake::plant();
    for (asked, said) in [
        ("current?filter=uns/v1/+/line3/*", "In a URL `+` means a space"),
        ("current?filter=uns/v1/nowhere/", "write `**` for all levels below"),
        ("tree?path=uns/v1/*", "`current` takes a filter"),
        ("history?topic=acme/line3/speed&field=sped", "The topic has no fields."),
        (
            "history?topic=acme/line3/speed&start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z",
            "The newest is of 2026-11-21T12:00:00Z, after that window.",
        ),
        ("history?topic=acme/line3/speed", "No sample of `uns/v1/acme/line3/speed` from "),
    ] {
        let answer = get(&fake, asked).await;
        assert!(answer.starts_with("200 ") && answer.contains(said), "{asked}: {answer}");
    }
    assert!(!get(&fake, "current").await.contains("hint"));
}

#[tokio::test]
async fn levels_without_a_name_can_be_walked() {
    let topics = ["/l/x", "//a", "a//b", "a/c"].map(|topic| (topic, Value::Int(1)));
    let fake = Fake::with(&topics);
    let children = async |call: &str| {
        let answer = get(&fake, call).await;
        let body: serde_json::Value =
            serde_json::from_str(answer.split_once(' ').unwrap().1).unwrap();
        let nodes = body["children"].as_array().unwrap().iter();
        nodes.map(|node| node["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(children("tree").await, ["", "a"]);
    assert_eq!(children("tree?path=").await, ["/", "/l"]);
    assert_eq!(children("tree?path=/").await, ["//a"]);
    assert_eq!(children("tree?path=/l").await, ["/l/x"]);
    assert_eq!(children("tree?path=a").await, ["a/", "a/c"]);
    assert_eq!(children("tree?path=a/").await, ["a//b"]);
}
