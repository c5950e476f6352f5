//! NS-2 from outside: what devices built for a cloud publish below `$aws/` and `$iothub/` is owed to
//! sessions and retained over kill -9, and makes no node.

use broker_codec::{QoS, Version};

use crate::client::{Client, connect, session};
use crate::hub::{Hub, Scratch};

#[test]
fn what_is_published_for_a_cloud_is_delivered_after_kill_nine() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    let away = session(Version::V311, "away");
    let mut client = Client::open(hub.mqtt, &away).0;
    client.subscribe("$aws/things/+/shadow/update", QoS::AtLeastOnce);
    client.subscribe("#", QoS::AtLeastOnce);
    drop(client);
    hub.mosquitto_pub(&["-t", "$aws/things/press/shadow/update", "-q", "1", "-m", "1"]);
    hub.mosquitto_pub(&["-t", "$iothub/twin/res/200", "-q", "1", "-r", "-m", "2"]);
    hub.kill_nine();
    let hub = Hub::start(scratch.path());
    let (mut client, present) = Client::open(hub.mqtt, &away);
    assert!(present);
    assert_eq!(client.payload().as_deref(), Some(&b"1"[..]), "owed once, by its own filter");
    client.ping();
    let mut late = Client::open(hub.mqtt, &connect(Version::V5, "late")).0;
    late.subscribe("#", QoS::AtMostOnce);
    late.ping();
    late.subscribe("$iothub/#", QoS::AtMostOnce);
    assert_eq!(late.payload().as_deref(), Some(&b"2"[..]), "retained");
    let tree = hub.get("tree");
    assert!(!tree.to_string().contains('$'), "no node: {tree}");
}
