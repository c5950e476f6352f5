//! `GET`, and `DELETE clients`.

use expect_test::expect;

use super::{Fake, answer, get, refused};

#[tokio::test]
async fn clients_are_listed_as_asked() {
    let fake = Fake::new();
    expect![[r#"200 {"clients":[{"clientId":"press7","state":"connected","identity":"anonymous","protocolVersion":5,"address":"127.0.0.1:4711","listener":"127.0.0.1:1883","transport":"tcp","connectedSince":"2026-11-21T12:00:00Z","keepAliveSeconds":60,"cleanStart":true,"sessionExpirySeconds":0,"subscriptions":1,"inFlight":0,"unacknowledged":0,"queuedMessages":0,"queuedBytes":0,"outputBytes":0,"messagesIn":2,"messagesOut":3,"bytesIn":20,"bytesOut":30,"rejected":0,"forgiven":0,"dropped":{"expired":1},"pace":"fine","paused":false}],"next":"0/press7"}"#]]
    .assert_eq(&get(&fake, "clients").await);
    expect!["ClientQuery { org: OrgId(1), client_id: None, user: None, address: None, listener: None, transport: None, state: None, pace: None, order: ClientId, after: None, limit: 100 }"]
    .assert_eq(&fake.asked());
    let all = "clients?clientId=press&user=eve&address=127.&listener=x&transport=tls&state=connected\
               &pace=slow&sort=dropped&after=0%2Fpress7&limit=3";
    get(&fake, all).await;
    expect![[r#"ClientQuery { org: OrgId(1), client_id: Some("press"), user: Some("eve"), address: Some("127."), listener: Some("x"), transport: Some("tls"), state: Some(Connected), pace: Some(Slow), order: Dropped, after: Some("0/press7"), limit: 3 }"#]]
    .assert_eq(&fake.asked());
}

#[tokio::test]
async fn one_client_is_named_by_its_path() {
    let fake = Fake::new();
    let found = get(&fake, "clients/press%2F7%20a").await;
    assert!(found.starts_with(r#"200 {"clientId":"press/7 a""#), "{found}");
    assert_eq!(refused(&fake, "GET", "clients/none", "").await, "404 client_unknown");
    assert_eq!(answer(&fake, "DELETE", "broker/clients/press7", "").await, "204 ");
    assert_eq!(fake.asked(), r#"(OrgId(1), "press7")"#);
    assert_eq!(refused(&fake, "DELETE", "clients/none", "").await, "404 client_unknown");
    assert_eq!(answer(&fake, "DELETE", "broker/sessions/press7", "").await, "204 ");
    assert_eq!(refused(&fake, "DELETE", "sessions/none", "").await, "404 session_unknown");
}

#[tokio::test]
async fn sessions_subscriptions_topics_and_figures() {
    let fake = Fake::new();
    expect![[r#"200 {"sessions":[{"clientId":"press7","durable":true,"connected":false,"expirySeconds":3600,"expiresInSeconds":60,"subscriptions":1,"queuedMessages":2,"queuedBytes":3,"inFlight":1,"dropped":0}],"next":null}"#]]
    .assert_eq(&get(&fake, "sessions?connected=false&clientId=press").await);
    expect![[r#"SessionQuery { org: OrgId(1), client_id: Some("press"), connected: Some(false), after: None, limit: 100 }"#]].assert_eq(&fake.asked());
    expect![[r#"200 {"subscriptions":[{"filter":"a/#","clientId":"press7","qos":1,"noLocal":false,"retainAsPublished":false,"identifier":7}],"next":null}"#]]
    .assert_eq(&get(&fake, "subscriptions?filter=a/**&matches=a/b").await);
    expect![[r#"SubscriptionQuery { org: OrgId(1), client_id: None, filter: Some("a/#"), matches: Some("a/b"), after: None, limit: 100 }"#]].assert_eq(&fake.asked());
    expect![[r#"200 {"topics":[{"topic":"a/b","retained":true,"retainedBytes":2,"subscribers":1}],"next":null}"#]]
    .assert_eq(&get(&fake, "topics?filter=a/**&retained=true&limit=1").await);
    expect![[r#"TopicQuery { org: OrgId(1), filter: "a/#", retained: Some(true), after: None, limit: 1 }"#]]
    .assert_eq(&fake.asked());
    let stats = get(&fake, "stats").await;
    assert!(stats.starts_with("200 ") && stats.contains(r#""clients":2"#), "{stats}");
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_named() {
    let fake = Fake::new();
    for (uri, expected) in [
        ("clients?client=x", "400 parameter_unknown"),
        ("clients?state=gone", "400 parameter_invalid"),
        ("clients?sort=name", "400 parameter_invalid"),
        ("clients?transport=quic", "400 parameter_invalid"),
        ("clients?limit=1001", "400 parameter_invalid"),
        ("sessions?connected=maybe", "400 parameter_invalid"),
        ("subscriptions?filter=a/**/b", "400 parameter_invalid"),
        ("topics?filter=a/**/b", "400 parameter_invalid"),
        ("topics?retained=1", "400 parameter_invalid"),
    ] {
        assert_eq!(refused(&fake, "GET", uri, "").await, expected, "{uri}");
    }
}

#[tokio::test]
async fn the_api_document_has_every_route() {
    let document = answer(&Fake::new(), "GET", "openapi.json", "").await;
    for path in [
        "clients",
        "clients/{clientId}",
        "sessions",
        "sessions/{clientId}",
        "subscriptions",
        "topics",
        "stats",
        "traces",
        "traces/{id}",
    ] {
        assert!(document.contains(&format!("\"/api/v1/broker/{path}\"")), "{path}");
    }
}
