//! The live channel over real sockets, on a log in memory.

mod client;
mod plant;
mod rights;

use std::time::Duration;

use expect_test::expect;
use fabric::Log as _;
use uns_model::Sequence;

use crate::Config;
use client::PATIENCE;
use plant::Plant;

fn sequences(message: &serde_json::Value) -> Vec<u64> {
    let samples = message["samples"].as_array().unwrap();
    samples.iter().map(|sample| sample["sequence"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn samples_look_as_documented() {
    let plant = Plant::start(Config::default()).await;
    let mut client = plant.connect().await;
    client.say(r#"{"op":"subscribe","id":1,"filter":"uns/v1/#"}"#).await;
    expect![[r#"{"op":"subscribed","id":1,"cursor":"0"}"#]].assert_eq(&client.next_text().await);
    plant.publish("uns/v1/a", "23.0");
    let first = client.next_text().await;
    let time = first.find("\"timestamp\"").unwrap();
    expect![[r#"{"op":"data","id":1,"cursor":"2","samples":[{"topic":"uns/v1/a","value":23.0,"quality":"Good","#]].assert_eq(first.get(..time).unwrap());
    plant.publish(
        "uns/v1/b",
        r#"{"value":null,"quality":"Bad","timestamp":"2026-11-21T12:00:00Z"}"#,
    );
    expect![[r#"{"op":"data","id":1,"cursor":"4","samples":[{"topic":"uns/v1/b","value":null,"quality":"Bad","timestamp":"2026-11-21T12:00:00Z","sequence":4}]}"#]].assert_eq(&client.next_text().await);
    plant.publish("uns/v1/c", r#"{"temp":1,"mode":"RUN"}"#);
    let document = client.next().await;
    let fields: Vec<&str> = document["samples"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|s| s["field"].as_str())
        .collect();
    assert_eq!(fields, ["temp", "mode"]);
    plant.publish("other/a", "1");
    plant.publish("uns/v1/a", "2");
    assert_eq!(client.next().await["samples"][0]["topic"], "uns/v1/a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_json_of_a_brownfield_topic_is_text_as_in_current() {
    let plant = Plant::start(Config::default()).await;
    let mut client = plant.connect().await;
    client.say(r##"{"op":"subscribe","id":1,"filter":"#"}"##).await;
    client.next().await;
    let broken = r#"{"a":1,"a":2}"#;
    plant.publish("plant/a", broken);
    assert_eq!(client.next().await["samples"][0]["value"], broken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_says_what_current_says_of_it() {
    let plant = Plant::start(Config::default()).await;
    let mut client = plant.connect().await;
    client.say(r##"{"op":"subscribe","id":1,"filter":"#"}"##).await;
    client.next().await;
    let fields: Vec<_> = (0..300).map(|n| format!("\"f{n}\":{n}")).collect();
    plant.publish("plant/a", &format!("{{{}}}", fields.join(",")));
    let samples = client.next().await["samples"].clone();
    assert_eq!(samples[0]["fieldsLeftOut"], 44, "of the document");
    assert_eq!(samples[1].get("fieldsLeftOut"), None, "not of each field");
    plant.publish_bytes("plant/a", b"{\"alarm\":\"St\xf6rung\"}");
    let samples = client.next().await["samples"].clone();
    assert_eq!(samples[0]["encoding"], "windows-1252");
    assert_eq!(samples[1]["value"], "Störung");
    assert_eq!(samples[1].get("encoding"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_gap_and_no_repeat_from_a_cursor_on_while_values_flow() {
    let plant = Plant::start(Config::default()).await;
    for n in 0..500 {
        plant.publish(&format!("plant/{}", n % 7), &n.to_string());
    }
    let from = plant.log.committed();
    let writer = {
        let plant = plant.clone();
        tokio::task::spawn_blocking(move || {
            for n in 500..3_000 {
                plant.publish(&format!("plant/{}", n % 11), &n.to_string());
            }
        })
    };
    let mut client = plant.connect().await;
    let subscribe = format!(r#"{{"op":"subscribe","id":1,"filter":"plant/#","from":"{from}"}}"#);
    client.say(&subscribe).await;
    assert_eq!(client.next().await["cursor"], from.0.to_string());
    let mut values = Vec::new();
    let mut resume = from.0.to_string();
    while values.len() < 1_000 {
        let message = client.next().await;
        assert_eq!(message["op"], "data");
        values.extend(message["samples"].as_array().unwrap().iter().map(value_of));
        resume = message["cursor"].as_str().unwrap().to_owned();
        let last = sequences(&message).last().map(ToString::to_string);
        assert_eq!(last.as_deref(), Some(&*resume));
    }
    // The connection dies; another one goes on where it ended.
    drop(client);
    let mut client = plant.connect().await;
    let subscribe = format!(r#"{{"op":"subscribe","id":9,"filter":"plant/#","from":"{resume}"}}"#);
    client.say(&subscribe).await;
    client.next().await;
    while values.len() < 2_500 {
        values.extend(client.next().await["samples"].as_array().unwrap().iter().map(value_of));
    }
    assert_eq!(values, (500..3_000).collect::<Vec<u64>>());
    writer.await.unwrap();
}

fn value_of(sample: &serde_json::Value) -> u64 {
    sample["value"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_retention_took_is_a_named_gap() {
    let plant = Plant::start(Config::default()).await;
    for n in 0..10 {
        plant.publish("a", &n.to_string());
    }
    let committed = plant.log.committed();
    plant.log.drop_until(Sequence(committed.0 - 2));
    let mut client = plant.connect().await;
    client.say(r#"{"op":"subscribe","id":1,"filter":"a","from":"1"}"#).await;
    client.next().await;
    let gap = client.next().await;
    assert_eq!(gap["op"], "gap");
    let until = (committed.0 - 2).to_string();
    assert_eq!((gap["after"].as_str(), gap["until"].as_str()), (Some("1"), Some(&*until)));
    let rest = client.next().await;
    assert_eq!(sequences(&rest), [committed.0 - 1, committed.0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn latest_folds_and_counts_what_it_skipped() {
    let config = Config { latest_interval_ms: 400, ..Config::default() };
    let plant = Plant::start(config).await;
    let mut client = plant.connect().await;
    client.say(r#"{"op":"subscribe","id":1,"filter":"+","mode":"latest"}"#).await;
    client.next().await;
    plant.publish("a", "0");
    assert_eq!(client.next().await["samples"][0]["value"], 0);
    for n in 1..=50 {
        plant.publish("a", &n.to_string());
    }
    plant.publish("b", "7");
    let folded = client.next().await;
    assert_eq!(folded["samples"].as_array().unwrap().len(), 2, "{folded}");
    assert_eq!(folded["samples"][0]["value"], 50);
    assert_eq!(folded["samples"][1]["topic"], "b");
    assert_eq!(folded["skipped"], 49);
    assert_eq!(folded["cursor"], plant.log.committed().0.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_client_is_closed_and_others_go_on() {
    let config = Config { stuck_ms: 3_000, ..Config::default() };
    let plant = Plant::start(config).await;
    let mut stuck = plant.connect().await;
    stuck.say(r#"{"op":"subscribe","id":1,"filter":"big/#"}"#).await;
    stuck.next().await;
    let mut other = plant.connect().await;
    other.say(r#"{"op":"subscribe","id":1,"filter":"big/#"}"#).await;
    other.next().await;
    let payload = "x".repeat(60_000);
    let reading = tokio::spawn(async move {
        let mut seen = 0;
        while seen < 400 {
            seen += other.next().await["samples"].as_array().unwrap().len();
        }
    });
    for n in 0..400 {
        plant.publish(&format!("big/{}", n % 3), &payload);
    }
    tokio::time::timeout(PATIENCE, reading).await.unwrap().unwrap();
    let closed = async {
        while !plant.metrics().contains("uns_websocket_stuck_total 1") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.unwrap();
    assert_eq!(stuck.close_code().await, Some(4008));
    assert!(plant.metrics().contains("uns_websocket_stuck_total 1"), "{}", plant.metrics());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_name_their_reason_and_change_nothing() {
    let config = Config { subscriptions_max: 2, ..Config::default() };
    let plant = Plant::start(config).await;
    let mut client = plant.connect().await;
    client.say(r#"{"op":"subscribe","id":1,"filter":"a"}"#).await;
    client.next().await;
    for (said, reason) in [
        ("nonsense", "message_malformed"),
        (r#"{"op":"subscribe","id":1,"filter":"a"}"#, "subscription_exists"),
        (r#"{"op":"subscribe","id":2,"filter":"a/#/b"}"#, "filter_invalid"),
        (r#"{"op":"subscribe","id":2,"filter":"a","from":"99"}"#, "cursor_unknown"),
        (r#"{"op":"subscribe","id":2,"filter":"a","from":"0x1"}"#, "cursor_invalid"),
        (r#"{"op":"subscribe","id":2,"filter":"a","from":1}"#, "message_malformed"),
        (r#"{"op":"unsubscribe","id":5}"#, "subscription_unknown"),
    ] {
        client.say(said).await;
        let answer = client.next().await;
        assert_eq!(
            (answer["op"].as_str(), answer["reason"].as_str()),
            (Some("error"), Some(reason))
        );
    }
    client.say(r#"{"op":"subscribe","id":2,"filter":"b"}"#).await;
    client.next().await;
    client.say(r#"{"op":"subscribe","id":3,"filter":"c"}"#).await;
    assert_eq!(client.next().await["reason"], "quota_exceeded");
    client.say(r#"{"op":"unsubscribe","id":2}"#).await;
    client.say(r#"{"op":"subscribe","id":3,"filter":"c"}"#).await;
    assert_eq!(client.next().await["op"], "subscribed");
    plant.publish("a", "1");
    assert_eq!(client.next().await["id"], 1);
    client.say(&"x".repeat(70_000)).await;
    let answer = client.next().await;
    assert_eq!(answer["reason"], "message_malformed");
    assert!(answer["detail"].as_str().unwrap().contains("longer than 64 KiB"), "{answer}");
    assert_eq!(client.close_code().await, Some(1000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_origins_and_plain_requests_are_refused() {
    let plant = Plant::start(Config { connections_max: 1, ..Config::default() }).await;
    assert_eq!(plant.handshake(&[("origin", "http://evil.example")]).await, 403);
    assert_eq!(plant.handshake(&[("host", "evil.example")]).await, 403);
    let own = format!("http://{}", plant.address);
    assert_eq!(plant.plain_get().await, 426);
    let _client = plant.connect_with(&[("origin", &own)]).await;
    assert_eq!(plant.handshake(&[]).await, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hub_says_that_it_stops() {
    let plant = Plant::start(Config::default()).await;
    let mut client = plant.connect().await;
    client.say(r#"{"op":"subscribe","id":1,"filter":"a"}"#).await;
    client.next().await;
    plant.stop();
    assert_eq!(client.close_code().await, Some(1001));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_the_namespace_has_not_applied_yet_is_waited_for() {
    let plant = Plant::start(Config::default()).await;
    plant.publish("late", "1");
    let from = plant.log.committed();
    // The name of the topic is only learnt by the wait.
    plant.forget_until_caught_up("late");
    let mut client = plant.connect().await;
    client.say(&format!(r#"{{"op":"subscribe","id":1,"filter":"late","from":"{from}"}}"#)).await;
    client.next().await;
    plant.forget_until_caught_up("late");
    plant.publish("late", "2");
    assert_eq!(client.next().await["samples"][0]["value"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_decoded_once_for_all_streams_and_never_for_those_it_does_not_match() {
    let plant = Plant::start(Config::default()).await;
    plant.publish("wanted/a", "0");
    plant.publish("other/a", "0");
    let mut clients = Vec::new();
    for n in 0..40 {
        let mut client = plant.connect().await;
        let filter = if n % 2 == 0 { "wanted/#" } else { "nothing/#" };
        client.say(&format!(r#"{{"op":"subscribe","id":1,"filter":"{filter}"}}"#)).await;
        client.next().await;
        // It is up to date once it got a sample, or has nothing to get.
        if n % 2 == 0 {
            plant.publish("wanted/a", "1");
            client.next().await;
        }
        clients.push(client);
    }
    let decoded = || {
        let metrics = plant.metrics();
        let line =
            metrics.lines().find(|line| line.starts_with("uns_websocket_decoded_total ")).unwrap();
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    // Those that came before got what was published for the later ones.
    plant.publish("wanted/a", "2");
    for client in clients.iter_mut().step_by(2) {
        while client.next().await["samples"].as_array().unwrap().iter().all(|s| s["value"] != 2) {}
    }
    let before = decoded();
    for n in 0..100 {
        plant.publish("wanted/a", &format!("1{n:03}"));
        plant.publish("other/a", "7");
    }
    for client in clients.iter_mut().step_by(2) {
        let mut seen = 0;
        while seen < 100 {
            seen += client.next().await["samples"].as_array().unwrap().len();
        }
    }
    assert_eq!(decoded() - before, 100, "once for all twenty");
}
