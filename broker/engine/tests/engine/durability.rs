//! What acknowledgements wait for, by listener.

use broker_codec::Version;
use broker_engine::{Config, Durability};

use crate::net::{Net, exactly_once, qos1, qos2};
use fabric::Rejection;
use uns_model::Reason;

fn net(durability: Durability) -> Net {
    let mut net = Net::new(1, Config::default());
    net.peer.durability = durability;
    net
}

fn full() -> Rejection {
    Rejection::new(Reason::StorageFull, "disk full")
}

#[test]
fn interval_waits_only_while_commits_fail() {
    let mut net = net(Durability::Interval);
    let client = net.client(0, Version::V5, "c");
    net.send(client, &qos1("log/a", "1", 1));
    assert_eq!(net.seen(client), ["PUBACK 1 Success"]);
    assert_eq!(net.engines[0].gate().flushed.len(), 1, "it is on its way to the disk");
    net.commit(0, 1, Err(full()));
    net.send(client, &qos1("log/a", "2", 2));
    assert_eq!(net.seen(client), [""; 0], "the last commit failed");
    net.commit(0, 2, Err(full()));
    assert_eq!(net.seen(client), ["PUBACK 2 QuotaExceeded"]);
    net.send(client, &qos1("log/a", "3", 3));
    net.commit(0, 3, Ok(3));
    assert_eq!(net.seen(client), ["PUBACK 3 Success"]);
    net.send(client, &qos1("log/a", "4", 4));
    assert_eq!(net.seen(client), ["PUBACK 4 Success"]);
}

#[test]
fn memory_waits_for_nothing() {
    let mut net = net(Durability::Memory);
    let client = net.client(0, Version::V5, "c");
    for id in 1..=3 {
        net.send(client, &qos1("log/a", "x", id));
        assert_eq!(net.seen(client).len(), 1);
        net.commit(0, u64::from(id), Err(full()));
    }
}

#[test]
fn qos_2_is_delivered_after_the_commit_all_the_same() {
    for durability in [Durability::Interval, Durability::Memory] {
        let mut net = net(durability);
        let watcher = net.client(0, Version::V5, "w");
        net.subscribe(watcher, "#", exactly_once());
        net.seen(watcher);
        let client = net.client(0, Version::V5, "c");
        net.send(client, &qos2("log/a", "x", 1));
        assert_eq!(net.seen(client), ["PUBREC 1 Success"]);
        assert_eq!(net.seen(watcher), [""; 0]);
        net.commit(0, 1, Ok(1));
        assert_eq!(net.seen(watcher), ["log/a x q2"]);
    }
}
