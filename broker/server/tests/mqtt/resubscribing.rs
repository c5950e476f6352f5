//! TRAP-19: a filter that is subscribed to again replaces QoS and options at once, without a gap.

use broker_codec::{Publish, ReasonCode, RetainHandling, SubscribeOptions};

use crate::client::{Broker, QOS0, QOS1, message, qos1};

#[test]
fn trap_19_options_are_replaced_and_retained_messages_sent_again() {
    let broker = Broker::start();
    let mut sender = broker.v5("s");
    sender.publish(Publish { retain: true, ..message("t", "kept") });
    sender.ping();
    let mut c = broker.v5("c");
    assert_eq!(c.subscribe_as(Some(1), &[("t", QOS1)]), [ReasonCode::GrantedQoS1]);
    assert!(c.got().retain);
    assert_eq!(c.subscribe_as(Some(2), &[("t", QOS0)]), [ReasonCode::GRANTED_QOS_0]);
    assert_eq!(c.got().ids, [2], "Retain Handling 0 sends it again, as the new subscription");
    sender.publish(qos1("t", "now", 1));
    let got = c.got();
    assert_eq!((got.qos, got.ids.as_slice()), (0, &[2][..]), "replaced, not added");
    let quiet = SubscribeOptions { retain_handling: RetainHandling::IfNew, ..QOS1 };
    assert_eq!(c.subscribe(&[("t", quiet)]), [ReasonCode::GrantedQoS1]);
    c.ping();
    sender.publish(qos1("t", "last", 2));
    let got = c.got();
    assert_eq!((got.qos, got.ids.len()), (1, 0));
}

#[test]
fn trap_19_nothing_falls_into_a_gap_meanwhile() {
    let broker = Broker::start();
    let mut c = broker.v5("c");
    c.subscribe(&[("t", QOS0)]);
    let mut sender = broker.v5("s");
    let publishing = std::thread::spawn(move || {
        for n in 0..5_000 {
            sender.publish(message("t", &n.to_string()));
        }
        sender.ping();
    });
    let never = SubscribeOptions { retain_handling: RetainHandling::Never, ..QOS0 };
    let mut next = 0;
    let mut answers = 0;
    while next < 5_000 {
        if next % 100 == 0 && answers * 100 <= next {
            c.send_subscribe(None, &[("t", never)]);
            answers += 1;
        }
        next += c.next(|packet| match packet {
            broker_codec::Packet::Publish(publish) => {
                assert_eq!(publish.payload, next.to_string().as_bytes());
                1
            }
            broker_codec::Packet::Suback(_) => 0,
            other => panic!("{other:?}"),
        });
    }
    publishing.join().unwrap();
}
