//! TRAP-38, TRAP-40, TRAP-41: limits are per connection and in total, never per filter; nothing that
//! clients name grows without a limit, and no queue is without one.

use std::time::Duration;

use broker_codec::ReasonCode as R;
use broker_server::DropCause;

use crate::client::{Broker, Client, QOS0, QOS1, eventually, message, qos1};

/// Memory of this process in MiB. Each test has a process of its own.
fn memory() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("a number") / 256
}

fn filters(client: &mut Client, numbers: std::ops::Range<u32>) -> Vec<R> {
    let filters: Vec<String> = numbers.map(|n| format!("deep/{n}/+/x/#")).collect();
    let mut codes = Vec::new();
    for some in filters.chunks(500) {
        let wanted: Vec<_> = some.iter().map(|filter| (filter.as_str(), QOS0)).collect();
        codes.extend(client.subscribe(&wanted));
    }
    codes
}

#[test]
fn trap_38_unsubscribing_frees_what_subscribing_took() {
    let broker = Broker::with(|config| config.engine.subscriptions_max = 1000);
    let mut client = broker.v5("c");
    let mut other = broker.v5("o");
    for round in 0..20 {
        let codes = filters(&mut client, round * 1000..round * 1000 + 1200);
        let granted = codes.iter().filter(|code| **code == R::GRANTED_QOS_0).count();
        assert_eq!(granted, 1000, "whatever the filters are called");
        assert!(codes[1000..].iter().all(|code| *code == R::QuotaExceeded));
        // Another client has its own limit.
        assert_eq!(filters(&mut other, round..round + 1), [R::GRANTED_QOS_0]);
        let names: Vec<String> =
            (round * 1000..round * 1000 + 1000).map(|n| format!("deep/{n}/+/x/#")).collect();
        for some in names.chunks(500) {
            let some: Vec<_> = some.iter().map(String::as_str).collect();
            client.unsubscribe(&some);
        }
    }
    assert_eq!(broker.handle.stats().subscriptions, 20, "those of the other client");
    drop((client, other));
    eventually("their connections' end", || broker.handle.stats().subscriptions == 0);
}

/// A client that takes nothing has one backlog, however many of its filters match.
#[test]
fn trap_38_a_backlog_counts_for_the_connection() {
    let broker = Broker::with(|config| {
        config.engine.inflight_max = 1;
        config.engine.queue_count_max = 10;
        config.engine.stall.time = Duration::from_millis(1);
    });
    let mut slow = broker.v5("slow");
    let wanted: Vec<String> = (0..50).map(|n| format!("t/{n}")).collect();
    let wanted: Vec<_> = wanted.iter().map(|filter| (filter.as_str(), QOS1)).collect();
    slow.subscribe(&wanted);
    let mut sender = broker.v5("s");
    for n in 0..50 {
        sender.publish(qos1(&format!("t/{n}"), "x", n + 1));
        assert_eq!(sender.puback().1, R::Success);
    }
    eventually("the queue is full", || {
        broker.handle.stats().stats.dropped[DropCause::QueueFull as usize] == 50 - 1 - 10
    });
}

#[test]
fn trap_40_names_that_clients_choose_are_forgotten() {
    let broker = Broker::with(|config| config.engine.routes_max = 1000);
    let mut reader = broker.v5("r");
    reader.subscribe(&[("#", QOS0), ("$share/g/#", QOS0)]);
    let mut sender = broker.v5("s");
    let mut round = |round: u32| {
        for n in 0..1000 {
            let name = format!("{round}/{n}/{}", "long".repeat(20));
            sender.publish(message(&name, "x"));
            if n % 100 == 0 {
                let mut client = broker.v5(&name);
                client.subscribe(&[(&format!("$share/{round}-{n}/{name}"), QOS0), (&name, QOS0)]);
                sender.publish(message(&name, "x"));
                assert_eq!(client.got().topic, name);
            }
        }
        for _ in 0..2 * (1000 + 10) {
            reader.got();
        }
    };
    (0..20).for_each(&mut round);
    let before = memory();
    (20..120).for_each(&mut round);
    let grown = memory().saturating_sub(before);
    // A hundred thousand topics of a hundred bytes would be twenty MiB in any map.
    assert!(grown < 8, "{grown} MiB more");
    eventually("the clients' end", || broker.handle.stats().subscriptions == 2);
}

#[test]
fn trap_41_no_queue_is_without_a_bound() {
    let broker = Broker::with(|config| {
        config.engine.output_bytes_max = 1 << 20;
        config.engine.backlog_bytes_high = 256 << 10;
        config.engine.queue_bytes_max = 1 << 20;
        config.engine.stall.time = Duration::from_millis(10);
    });
    // Readers of both kinds on both cores that never read.
    let stuck: Vec<_> = (0..8)
        .map(|n| {
            let mut stuck = broker.v5(&format!("stuck{n}"));
            stuck.subscribe(&[("t", if n % 2 == 0 { QOS0 } else { QOS1 })]);
            stuck
        })
        .collect();
    let mut sender = broker.v5("s");
    let payload = "x".repeat(20_000);
    let flood = |sender: &mut Client, count: u16| {
        for id in 1..=count {
            sender.publish(qos1("t", &payload, id));
            assert_eq!(sender.puback().1, R::Success);
        }
    };
    flood(&mut sender, 1000);
    let before = memory();
    flood(&mut sender, 5000);
    let grown = memory().saturating_sub(before);
    // They were sent 8 times 100 MB.
    assert!(grown < 32, "{grown} MiB more");
    let dropped: u64 = broker.handle.stats().stats.dropped.iter().sum();
    assert!(dropped > 30_000, "{dropped}");
    drop(stuck);
}
