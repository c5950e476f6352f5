//! `POST publish` and `DELETE nodes`.

use expect_test::expect;

use super::{Fake, get, refused, send, text};

#[tokio::test]
async fn one_item_is_published_byte_for_byte() {
    let fake = Fake::plant();
    let body = r#"{"topic":"a/b","payload":{"value":23.0},"retain":true}"#;
    let response = send(&fake, "POST", "publish", body).await;
    assert_eq!(response.status(), 200);
    expect![[r#"{"results":[{"topic":"a/b","accepted":true,"sequence":42}]}"#]]
        .assert_eq(&text(response).await);
    let items = fake.published.lock().unwrap();
    let [item] = items.as_slice() else { unreachable!("one item") };
    assert_eq!((&item.payload[..], item.qos, item.retain), (&br#"{"value":23.0}"#[..], 1, true));
}

#[tokio::test]
async fn many_items_have_a_result_each() {
    let fake = Fake::plant();
    let body = r#"[{"topic":"a","payload":1},{"topic":"","payload":2},
        {"topic":"c","payload":1,"payloadText":"x"},{"topic":"d","qos":3},
        {"topic":"e","payloadText":"RUN"}]"#;
    let response = send(&fake, "POST", "publish", body).await;
    assert_eq!(response.status(), 207);
    expect![[r#"{"results":[{"topic":"a","accepted":true,"sequence":42},{"topic":"","accepted":false,"reason":"topic_invalid","detail":"the topic is empty"},{"topic":"c","accepted":false,"reason":"body_malformed","detail":"The payload cannot be read: only one of payload, payloadText and payloadBase64 may be given."},{"topic":"d","accepted":false,"reason":"body_malformed","detail":"`qos` is 3: it must be 0, 1 or 2."},{"topic":"e","accepted":true,"sequence":42}]}"#]].assert_eq(&text(response).await);
    let items = fake.published.lock().unwrap();
    let topics: Vec<&str> = items.iter().map(|item| item.topic.as_str()).collect();
    assert_eq!(topics, ["a", "", "e"]);
}

#[tokio::test]
async fn a_body_that_is_none_is_refused_whole() {
    let fake = Fake::plant();
    for body in ["", "[]", "{", "23", r#"{"topic":"a","payloda":1}"#, r#"{"payload":1}"#] {
        let answer = refused(&fake, "POST", "publish", body).await;
        assert!(answer.starts_with("400 body_malformed"), "{body}: {answer}");
    }
    let single = refused(&fake, "POST", "publish", r#"{"topic":"","payload":1}"#).await;
    assert!(single.starts_with("400 topic_invalid"), "{single}");
    assert!(fake.published.lock().unwrap().len() == 1);
}

#[tokio::test]
async fn a_subtree_is_deleted_by_its_long_or_short_path() {
    let fake = Fake::plant();
    let response = send(&fake, "DELETE", "nodes?path=acme/line3&purge=true", "").await;
    assert_eq!(text(response).await, r#"{"deleted":2,"purged":true}"#);
    assert!(!get(&fake, "current").await.contains("acme"));
    let gone = refused(&fake, "DELETE", "nodes?path=acme/line3", "").await;
    assert!(gone.starts_with("404 node_unknown"), "{gone}");
    let wild = refused(&fake, "DELETE", "nodes?path=**", "").await;
    assert!(wild.starts_with("400 parameter_invalid"), "{wild}");
}
