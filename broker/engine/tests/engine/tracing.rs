//! Traces: every packet of one client or topic, both ways, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use broker_codec::{Ack, Packet, PacketId, PacketType, SubscribeOptions, Version};
use broker_engine::{Config, Shown, Trace, TraceSpec};
use uns_model::{Filter, OrgId};

use crate::net::{Net, exactly_once, qos0, qos1, qos2};

fn spec(net: &Net) -> TraceSpec {
    TraceSpec {
        org: OrgId::DEFAULT,
        client_id: None,
        filter: None,
        payload: false,
        events_max: 100,
        shown: Shown::default(),
        until: net.now.monotonic + Duration::from_secs(60),
    }
}

fn start(net: &mut Net, spec: TraceSpec) -> Arc<Trace> {
    let trace = Trace::new(spec);
    net.engines.iter_mut().for_each(|engine| engine.trace(Arc::clone(&trace)));
    trace
}

fn lines(trace: &Trace) -> Vec<String> {
    let line = |event: broker_engine::TraceEvent| {
        let way = if event.incoming { "<" } else { ">" };
        let topic = match event.topics.is_empty() {
            true => "-".to_owned(),
            false => event.topics.iter().collect::<Vec<_>>().join(" & "),
        };
        let reason = event.reason.as_deref().map(|reason| format!(" {reason}")).unwrap_or_default();
        format!("{} {way} {} {topic}{reason}", event.client_id, event.packet)
    };
    trace.events(0, 1000).into_iter().map(line).collect()
}

#[test]
fn one_client_is_followed_both_ways() {
    let mut net = Net::new(2, Config::default());
    let other = net.client(1, Version::V5, "other");
    let before = net.client(0, Version::V5, "c");
    net.block(before, true);
    net.subscribe(before, "a/#", SubscribeOptions::default());
    let wanted = TraceSpec { client_id: Some("c".into()), ..spec(&net) };
    let trace = start(&mut net, wanted);
    net.block(before, false);
    assert_eq!(lines(&trace), Vec::<String>::new(), "that was said before");
    net.send(other, &qos0("a/b", "1"));
    net.send(before, &qos0("no/c", "2"));
    net.send(before, &qos1("no/c", "3", 7));
    net.send(before, &Packet::Pingreq);
    let again = net.client(1, Version::V5, "c");
    net.lose(again);
    let expected = [
        "c > PUBLISH a/b",
        "c < PUBLISH no/c not_authorized",
        "c < PUBLISH no/c not_authorized",
        "c > PUBACK - Not authorized",
        "c < PINGREQ -",
        "c > PINGRESP -",
        "c < CONNECT -",
        "c > DISCONNECT - Session taken over",
        "c > CONNACK - Success",
    ];
    assert_eq!(lines(&trace), expected);
    assert!(trace.events(0, 100).iter().all(|event| event.payload.is_none()));
    let ids: Vec<_> = trace.events(0, 100).iter().filter_map(|event| event.packet_id).collect();
    assert_eq!(ids, [7, 7]);
}

#[test]
fn topics_are_followed_until_the_end_within_bounds() {
    let mut net = Net::new(1, Config::default());
    let publisher = net.client(0, Version::V311, "p");
    let reader = net.client(0, Version::V5, "r");
    net.subscribe(reader, "#", SubscribeOptions::default());
    let filter = Filter::parse("a/+").unwrap();
    let payload = true;
    let wanted = TraceSpec { filter: Some(filter), payload, events_max: 3, ..spec(&net) };
    let trace = start(&mut net, wanted);
    let long = "x".repeat(1000);
    net.send(publisher, &qos0("a/b", &long));
    net.send(publisher, &qos0("a/b/c", "1"));
    net.send(publisher, &qos0("a/d", "1"));
    let expected = ["p < PUBLISH a/b", "r > PUBLISH a/b", "p < PUBLISH a/d"];
    assert_eq!(lines(&trace), expected);
    assert_eq!(trace.counts(), (3, 1), "what is beyond the limit is counted");
    let events = trace.events(1, 1);
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(event.packet, PacketType::Publish);
    assert_eq!(
        (event.payload.as_ref().map(|p| p.len()), event.flags),
        (Some(256), Some((0, false, false)))
    );

    net.advance(Duration::from_secs(61));
    net.send(publisher, &qos0("a/b", "2"));
    assert_eq!(trace.counts(), (3, 1), "it is over");
}

/// They were joined to one text, which was cut, and its pieces were judged.
#[test]
fn each_topic_of_a_packet_is_judged_whole() {
    let mut net = Net::new(1, Config::default());
    let client = net.client(0, Version::V5, "c");
    let shown = Shown::those(|topic| !topic.starts_with("secret/"));
    let wanted = TraceSpec { events_max: 2, shown, ..spec(&net) };
    let trace = start(&mut net, wanted);
    let long = format!("a/{}", "x".repeat(2_000));
    for filters in [&[&*long, "secret/#"][..], &["secret/x"], &["a/#", &*long, "b, secret/c"]] {
        net.subscribe_all(client, filters);
    }
    net.send(client, &qos0("secret/recipe", "1"));
    net.send(client, &qos0("a, secret/recipe", "1"));
    let expected = [
        format!("c < SUBSCRIBE a/# & {long} & b, secret/c"),
        "c > SUBACK - Success, Success, Success".to_owned(),
    ];
    assert_eq!(lines(&trace), expected);
    assert_eq!(trace.counts(), (2, 1), "what is not shown is not counted as lost either");
}

/// An acknowledgement names no topic, and told that there had been a publish on a hidden one.
#[test]
fn answers_to_packets_that_are_hidden_are_hidden() {
    let mut net = Net::new(1, Config::default());
    let client = net.client(0, Version::V5, "c");
    net.subscribe(client, "secret/#", exactly_once());
    net.subscribe(client, "open/#", exactly_once());
    let other = net.client(0, Version::V5, "other");
    let shown = Shown::those(|topic| !topic.starts_with("secret/"));
    let wanted = TraceSpec { client_id: Some("c".into()), shown, ..spec(&net) };
    let trace = start(&mut net, wanted);
    let ack = |id| Ack::new(PacketId::new(id).unwrap());
    let noted = |net: &mut Net, topic: &str, first: u16| {
        let before = trace.counts().0;
        // From the client with QoS 1 and 2, and to it.
        net.send(client, &qos1(&format!("{topic}/no"), "1", 7));
        net.send(client, &qos2(&format!("{topic}/no"), "1", 8));
        net.send(client, &Packet::Pubrel(ack(8)));
        net.send(other, &qos1(&format!("{topic}/a"), "1", 1));
        net.send(client, &Packet::Puback(ack(first + 2)));
        net.send(client, &Packet::Pubrec(ack(first + 1)));
        net.send(client, &Packet::Pubcomp(ack(first + 1)));
        net.subscribe(client, &format!("{topic}/x"), exactly_once());
        net.unsubscribe(client, &format!("{topic}/x"));
        lines(&trace).split_off(before)
    };
    assert_eq!(noted(&mut net, "secret", 1), Vec::<String>::new());
    let expected = [
        "c < PUBLISH open/no",
        "c > PUBLISH open/no",
        "c > PUBACK - Success",
        "c < PUBLISH open/no",
        "c > PUBLISH open/no",
        "c > PUBREC - Success",
        "c < PUBREL - Success",
        "c > PUBCOMP - Success",
        "c > PUBLISH open/a",
        "c < PUBACK - Success",
        "c < PUBREC - Success",
        "c > PUBREL - Success",
        "c < PUBCOMP - Success",
        "c < SUBSCRIBE open/x",
        "c > SUBACK - Granted QoS 2",
        "c < UNSUBSCRIBE open/x",
        "c > UNSUBACK - Success",
    ];
    assert_eq!(noted(&mut net, "open", 4), expected);
}

#[test]
fn what_was_understood_of_a_publish_to_a_node_is_told() {
    let mut net = Net::new(1, Config::default());
    let client = net.client(0, Version::V5, "c");
    let listener = net.client(0, Version::V5, "listener");
    net.subscribe(listener, "$uns/violations/#", SubscribeOptions::default());
    net.seen(listener);
    let wanted = TraceSpec { client_id: Some("c".into()), ..spec(&net) };
    let trace = start(&mut net, wanted);
    for (topic, payload) in [("log/a", "1"), ("plain", "1"), ("log/a", "bad"), ("log/a", "2")] {
        net.send(client, &qos0(topic, payload));
    }
    let read = trace.events(0, 10).into_iter().map(|event| event.read.map(|read| read.points));
    assert_eq!(read.collect::<Vec<_>>(), [Some(1), None, None, Some(1)]);
    // A refusal is a violation too, and whoever listens to those hears of it (NS-17).
    let heard = net.seen(listener);
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(format!("{heard:?}").contains("$uns/violations/bad"), "{heard:?}");
}
