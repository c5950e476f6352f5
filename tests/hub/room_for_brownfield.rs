//! A brownfield topic that came while there was no room for its node becomes one as soon as deletions
//! have made room, although nobody subscribes anew.

use broker_codec::Version;

use crate::client::{Client, connect};
use crate::hub::{Hub, Scratch};

#[test]
fn a_topic_without_a_node_becomes_one_when_a_deletion_makes_room() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &["namespace.brownfield_nodes_max=1"]);
    let (mut client, _) = Client::open(hub.mqtt, &connect(Version::V5, "plc"));
    let mut publish = |topic: &str, payload: &str| {
        let code = client.publish_and_wait(topic, payload.as_bytes());
        assert!(code.is_some_and(|code| !code.is_error()), "{topic}: {code:?}");
    };
    let values = || {
        let current = hub.get("current?filter=**");
        let values = current["values"].as_array().expect("values").clone();
        values.iter().map(|v| format!("{} {}", v["topic"], v["value"])).collect::<Vec<_>>()
    };
    publish("plant/a", "1");
    // More than once, so that where it leads is remembered.
    for payload in ["2", "3", "4"] {
        publish("plant/b", payload);
    }
    assert_eq!(values(), [r#""plant/a" 1"#], "there is room for one");
    let (status, body) = hub.delete("nodes?path=plant/a");
    assert_eq!(status, 200, "{body}");
    publish("plant/b", "5");
    assert_eq!(values(), [r#""plant/b" 5"#]);
    publish("plant/a", "6");
    assert_eq!(values(), [r#""plant/b" 5"#], "and no more than one");
}
