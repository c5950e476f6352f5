//! Traces: started within limits, read in pages, stopped.

use expect_test::expect;

use super::{Fake, answer, get, refused};

#[tokio::test]
async fn a_trace_is_started_read_and_stopped() {
    let fake = Fake::new();
    let body =
        r#"{"clientId":"press7","topicFilter":"a/+","durationSeconds":5,"limit":7,"payload":true}"#;
    expect![[r#"201 {"id":"1","clientId":"press7","running":true,"started":"2026-11-21T12:00:00Z","until":"2026-11-21T12:00:00Z","kept":0,"dropped":0,"next":null}"#]]
    .assert_eq(&answer(&fake, "POST", "broker/traces", body).await);
    expect![[r#"TraceSpec { org: OrgId(1), client_id: Some("press7"), filter: Some("a/+"), duration: 5s, limit: 7, payload: true }"#]]
    .assert_eq(&fake.asked());
    answer(&fake, "POST", "broker/traces", r##"{"topicFilter":"#"}"##).await;
    expect![[r##"TraceSpec { org: OrgId(1), client_id: None, filter: Some("#"), duration: 60s, limit: 1000, payload: false }"##]]
    .assert_eq(&fake.asked());
    assert!(get(&fake, "traces/1?after=5&limit=2").await.starts_with("200 "));
    expect![[r#"TraceQuery { org: OrgId(1), id: "1", after: Some("5"), limit: 2 }"#]]
        .assert_eq(&fake.asked());
    assert!(get(&fake, "traces").await.starts_with(r#"200 {"traces":[{"id":"1""#));
    assert_eq!(answer(&fake, "DELETE", "broker/traces/1", "").await, "204 ");
    assert_eq!(refused(&fake, "GET", "traces/2", "").await, "404 trace_unknown");
    assert_eq!(refused(&fake, "DELETE", "traces/2", "").await, "404 trace_unknown");
}

#[tokio::test]
async fn a_trace_without_bounds_is_refused() {
    let fake = Fake::new();
    for body in [
        "",
        "{}",
        r#"{"client":"a"}"#,
        r#"{"topicFilter":"a/#/b"}"#,
        r#"{"clientId":"a","durationSeconds":601}"#,
        r#"{"clientId":"a","durationSeconds":0}"#,
        r#"{"clientId":"a","limit":10001}"#,
    ] {
        assert_eq!(refused(&fake, "POST", "traces", body).await, "400 body_malformed", "{body}");
    }
}
