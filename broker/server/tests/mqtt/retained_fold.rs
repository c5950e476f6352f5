//! Retained messages are a fold over the log: the last one in it stays, whatever its QoS, and a publish
//! that the disk refused leaves no trace.

use std::path::PathBuf;
use std::sync::Arc;

use broker_codec::{Ack, Packet, PacketId, PacketType, Publish, QoS};
use broker_server::Deps;
use fabric::sim::{SimDisk, SimLog};
use tokio::sync::watch;
use uns_model::{SeededRandom, SystemClock};
use uns_namespace::{Namespace, Parts};

use crate::client::{Broker, Client, QOS0, QOS1, eventually, message, qos1};

/// A broker whose namespace follows the log on a thread of its own.
fn broker(log: &Arc<SimLog>) -> (Broker, watch::Sender<bool>) {
    let parts = Parts {
        log: log.clone(),
        disk: Arc::new(SimDisk::new(1, 1 << 30)),
        dir: PathBuf::from("/namespace"),
        clock: Arc::new(SystemClock),
        random: Arc::new(SeededRandom::new(1)),
        config: uns_namespace::Config::default(),
    };
    let namespace = Namespace::open(parts).expect("an empty namespace");
    let (stop, stopped) = watch::channel(false);
    let follower = Arc::clone(&namespace);
    std::thread::spawn(move || follower.run(stopped));
    (Broker::over(Deps { namespace: Some(namespace), ..Deps::default() }, |_| ()), stop)
}

fn retained<'a>(topic: &'a str, payload: &'a str) -> Publish<'a> {
    Publish { retain: true, ..message(topic, payload) }
}

fn expect(client: &mut Client, expected: PacketType) {
    client.next(|packet| assert_eq!(packet.packet_type(), expected));
}

/// What somebody new gets of a topic.
fn kept(broker: &Broker, name: &str, topic: &str) -> String {
    let mut client = broker.v5(name);
    client.subscribe(&[(topic, QOS0)]);
    let got = client.got();
    assert!(got.retain);
    String::from_utf8(got.payload).expect("text")
}

#[test]
fn the_last_of_two_stays_also_if_only_the_first_waits_for_its_commit() {
    let (broker, _stop) = broker(&Arc::new(SimLog::new()));
    let mut client = broker.v5("c");
    for n in 0..100 {
        let topic = format!("uns/v1/acme/t{n}");
        let id = PacketId::new(1);
        let first = Publish { qos: QoS::ExactlyOnce, packet_id: id, ..retained(&topic, "\"A\"") };
        client.publish(first);
        client.publish(retained(&topic, "\"B\""));
        expect(&mut client, PacketType::Pubrec);
        client.send(&Packet::Pubrel(Ack::new(PacketId::FIRST)));
        expect(&mut client, PacketType::Pubcomp);
        assert_eq!(kept(&broker, &format!("s{n}"), &topic), "\"B\"", "{n}");
    }
}

#[test]
fn what_was_published_with_qos_0_before_somebody_subscribed_is_there() {
    let (broker, _stop) = broker(&Arc::new(SimLog::new()));
    let mut client = broker.v5("c");
    for n in 0..100 {
        client.publish(retained("uns/v1/acme/t", &n.to_string()));
        client.ping();
        assert_eq!(kept(&broker, &format!("s{n}"), "uns/v1/acme/t"), n.to_string());
    }
}

/// The walk of a subscriber starts when all before it is committed and folded; what it was sent live in
/// the meantime is not.
#[test]
fn an_older_retained_message_does_not_follow_a_newer_live_one() {
    let log = Arc::new(SimLog::new());
    let (broker, _stop) = broker(&log);
    let topic = "uns/v1/acme/t";
    let mut publisher = broker.v5("p");
    publisher.publish(Publish { retain: true, ..qos1(topic, "1", 1) });
    publisher.puback();
    assert_eq!(kept(&broker, "before", topic), "1");
    let mut client = broker.v5("c");
    log.pause();
    client.subscribe(&[(topic, QOS1)]);
    eventually("the question how far the log is", || log.waiting() == 1);
    publisher.publish(Publish { retain: true, ..qos1(topic, "2", 2) });
    let live = client.got();
    assert_eq!((&*live.payload, live.retain), (&b"2"[..], false));
    eventually("the publish is handed to the log", || log.waiting() == 2);
    log.commit_first();
    // The first may be answered before the core knows of the commit, the second is not.
    assert_eq!([client.got_all(), client.got_all()].concat(), [], "after {live:?}");
    log.resume();
    assert_eq!(publisher.puback().0, 2);
    assert_eq!(kept(&broker, "after", topic), "2");
    assert_eq!(client.got_all(), []);
}

#[test]
fn what_a_full_disk_refused_leaves_no_trace() {
    let log = Arc::new(SimLog::new());
    let (broker, _stop) = broker(&log);
    let mut client = broker.v5("c");
    client.publish(Publish { retain: true, ..qos1("uns/v1/acme/t", "1", 1) });
    client.puback();
    log.set_disk_full(true);
    // Live delivery of QoS 0 goes on, and nothing of it is kept.
    client.publish(retained("uns/v1/acme/t", "2"));
    client.publish(Publish { retain: true, ..qos1("uns/v1/acme/t", "3", 2) });
    assert!(client.puback().1.is_error());
    assert_eq!(kept(&broker, "full", "uns/v1/acme/t"), "1");
    log.set_disk_full(false);
    assert_eq!(kept(&broker, "later", "uns/v1/acme/t"), "1");
}
