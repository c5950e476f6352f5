//! PUBACK follows the group commit, in the order of the publishes, with the code of a refusal.

use broker_codec::Version;
use broker_engine::{Config, InProcess, Offer, Reply, Taken, Ticket, Together};
use fabric::{Place, Rejection};
use uns_model::{OrgId, Reason};

use crate::net::{Net, qos0, qos1};

#[test]
fn in_order_and_not_before() {
    let mut net = Net::new(1, Config::default());
    let client = net.client(0, Version::V5, "c");
    net.send_only(client, &qos1("log/a", "1", 1));
    net.send_only(client, &qos1("log/a", "bad", 2));
    net.send_only(client, &qos1("no/a", "x", 3));
    net.send(client, &qos1("plain", "x", 4));
    net.send(client, &qos1("log/a", "5", 5));
    assert_eq!(net.seen(client), [""; 0]);
    let tickets: Vec<_> = net.engines[0].gate().flushed.iter().map(|f| f.0).collect();
    assert_eq!(tickets, [Some(Ticket(1)), Some(Ticket(2))]);
    net.commit(0, 2, Ok(20));
    assert_eq!(net.seen(client), [""; 0], "the first group is still under way");
    net.commit(0, 1, Ok(10));
    assert_eq!(
        net.seen(client),
        [
            "PUBACK 1 Success",
            "PUBACK 2 PayloadFormatInvalid",
            "PUBACK 3 NotAuthorized",
            "PUBACK 4 Success",
            "PUBACK 5 Success"
        ]
    );
    net.send(client, &qos1("no/a", "x", 6));
    assert_eq!(net.seen(client), ["PUBACK 6 NotAuthorized"]);
}

#[test]
fn a_failed_commit_is_no_success() {
    let mut net = Net::new(1, Config::default());
    let new = net.client(0, Version::V5, "new");
    let old = net.client(0, Version::V311, "old");
    net.send_only(new, &qos1("log/a", "1", 1));
    net.send(old, &qos1("log/a", "2", 2));
    let failed = || Rejection::new(Reason::StorageFull, "no");
    net.commit(0, 1, Err(failed()));
    assert_eq!(net.seen(new), ["PUBACK 1 QuotaExceeded"]);
    net.advance(std::time::Duration::from_millis(250));
    assert_eq!(net.seen(old), [""; 0]);
    assert!(net.is_closed(old), "3.1.1 can only be told by the end of its connection");
    net.engines[0].gate().broken = true;
    net.send(new, &qos1("log/a", "3", 3));
    assert_eq!(net.seen(new), ["PUBACK 3 QuotaExceeded"]);
}

#[test]
fn a_log_that_is_behind_pauses_its_publishers_only() {
    let config = Config { uncommitted_bytes_max: 1000, ..Config::default() };
    let mut net = Net::new(1, config);
    let client = net.client(0, Version::V5, "c");
    let other = net.client(0, Version::V5, "d");
    for id in 1..=50 {
        net.send(client, &qos1("log/a", "x", id));
    }
    assert!(net.is_waiting(client));
    net.send(other, &qos1("plain", "x", 1));
    assert_eq!(net.seen(other), ["PUBACK 1 Success"]);
    for ticket in 1..=50 {
        net.commit(0, ticket, Ok(ticket));
    }
    assert_eq!(net.seen(client).len(), 50);
    assert_eq!(net.engines[0].gate().stored.len(), 50);
}

#[test]
fn too_many_at_once_is_0x93_in_version_5_and_waits_in_3() {
    let config = Config { receive_maximum: 2, ..Config::default() };
    let mut net = Net::new(1, config);
    let new = net.client(0, Version::V5, "new");
    let old = net.client(0, Version::V311, "old");
    for id in 1..=3 {
        net.send(new, &qos1("log/a", "x", id));
        net.send(old, &qos1("log/a", "x", id));
    }
    assert_eq!(net.seen(new), ["DISCONNECT ReceiveMaximumExceeded"]);
    assert!(net.is_waiting(old));
    for ticket in 1..=8 {
        net.commit(0, ticket, Ok(ticket));
    }
    assert_eq!(net.seen(old).len(), 3);
}

#[test]
fn in_process_publishes_hear_of_their_commit() {
    let mut net = Net::new(1, Config::default());
    let publish = |topics: &[&str]| {
        let item = |topic: &&str| InProcess {
            topic: (*topic).into(),
            payload: "x".into(),
            ..InProcess::default()
        };
        let items = topics.iter().map(item).collect();
        Offer::new(Together {
            org: OrgId::DEFAULT,
            client_id: "hub".into(),
            items,
            ..Together::default()
        })
    };
    let mut both = publish(&["log/a", "no/a", "log/b"]);
    assert!(net.engines[0].publish_together(net.now, 7, &mut both));
    assert!(net.engines[0].publish_together(net.now, 8, &mut publish(&["no/a"])));
    net.settle();
    let replies = std::mem::take(&mut net.engines[0].effects().replies);
    assert!(matches!(&replies[..], [Reply { token: 8, outcome: None, .. }]), "{replies:?}");
    assert!(replies[0].taken[0].is_err());
    net.engines[0].committed(net.now, Ticket(1), Ok(42));
    let replies = std::mem::take(&mut net.engines[0].effects().replies);
    let [Reply { token: 7, taken, outcome: Some(Ok(42)) }] = &replies[..] else {
        panic!("{replies:?}")
    };
    let at = |place| Ok(Taken { place: Some(Place(place)), refused: None });
    assert_eq!((&taken[0], &taken[2]), (&at(0), &at(1)));
    assert!(taken[1].is_err());
}

#[test]
fn qos_0_is_logged_and_nobody_waits() {
    let mut net = Net::new(1, Config::default());
    let client = net.client(0, Version::V311, "c");
    net.send(client, &qos0("log/a", "x"));
    assert_eq!(net.engines[0].gate().flushed, [(None, 1)]);
    assert!(net.engines[0].is_settled());
}
