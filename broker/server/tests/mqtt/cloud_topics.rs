//! NS-2: a topic below `$` that is not the hub's own is plain MQTT, as devices built for a cloud
//! publish it: delivered and retained, and matched by no leading wildcard.

use broker_codec::{Publish, ReasonCode};

use crate::client::{Broker, QOS0, QOS1, qos1};

#[test]
fn topics_of_clouds_are_delivered_and_retained() {
    let broker = Broker::start();
    let mut receiver = broker.v5("receiver");
    receiver.subscribe(&[("$aws/things/+/shadow/update", QOS1), ("$iothub/#", QOS0)]);
    let mut all = broker.v5("all");
    all.subscribe(&[("#", QOS0), ("+/things/#", QOS0), ("+/+/+/+/+", QOS0)]);
    let mut device = broker.v3("press");
    for (id, topic) in (1..).zip(["$aws/things/press/shadow/update", "$iothub/twin/res", "$x"]) {
        device.publish(Publish { retain: true, ..qos1(topic, "on", id) });
        assert_eq!(device.puback(), (id, ReasonCode::Success));
    }
    assert_eq!(receiver.got_text(), ("$aws/things/press/shadow/update".into(), "on".into()));
    assert_eq!(receiver.got_text(), ("$iothub/twin/res".into(), "on".into()));
    assert_eq!(all.got_all(), []);
    let mut late = broker.v5("late");
    late.subscribe(&[("#", QOS0), ("$aws/#", QOS0), ("$x", QOS0)]);
    let retained: Vec<_> = late.got_all().into_iter().map(|got| (got.topic, got.retain)).collect();
    let expected = ["$aws/things/press/shadow/update", "$x"];
    assert_eq!(retained, expected.map(|topic| (topic.to_owned(), true)));
}

#[test]
fn topics_of_the_hub_are_its_own() {
    let broker = Broker::start();
    let mut client = broker.v5("c");
    for first in ["$SYS", "$uns", "$replay", "$asof", "$sparkplug", "$share", "$queue"] {
        for topic in [first.to_owned(), format!("{first}/x/y")] {
            client.publish(qos1(&topic, "x", 1));
            assert_eq!(client.puback(), (1, ReasonCode::NotAuthorized), "{topic}");
        }
        // What only begins like them is not theirs.
        client.publish(qos1(&format!("{first}x/y"), "x", 1));
        assert_eq!(client.puback(), (1, ReasonCode::Success), "{first}x");
    }
}
