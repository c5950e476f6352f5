//! TRAP-03, TRAP-53: what a look-up costs follows what it finds, not what else there is. Times are
//! compared with generous factors: a walk over everything would be thousands of times slower.

use std::time::{Duration, Instant};

use broker_codec::Publish;

use crate::client::{Broker, Client, QOS0, message};

/// The shortest of several runs: other processes only ever add to it.
fn shortest(mut run: impl FnMut()) -> Duration {
    let timed = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..5).map(timed).min().expect("five runs")
}

fn subscribe_often(client: &mut Client) {
    for _ in 0..100 {
        client.subscribe(&[("kept/+/one", QOS0)]);
        assert_eq!(client.got().payload, b"x");
    }
}

#[test]
fn trap_03_a_retained_look_up_walks_matches_only() {
    let broker = Broker::start();
    let mut sender = broker.v5("s");
    sender.publish(Publish { retain: true, ..message("kept/a/one", "x") });
    sender.ping();
    let mut reader = broker.v5("r");
    let alone = shortest(|| subscribe_often(&mut reader));
    for n in 0..50_000 {
        sender.publish(Publish { retain: true, ..message(&format!("other/{n}/one"), "y") });
    }
    sender.ping();
    let among = shortest(|| subscribe_often(&mut reader));
    eprintln!("100 look-ups: {alone:?} alone, {among:?} among 50,000 retained topics");
    assert!(among < alone * 5 + Duration::from_millis(50), "{alone:?} became {among:?}");
}

#[test]
fn trap_53_matching_does_not_see_unrelated_filters() {
    let broker = Broker::start();
    let mut reader = broker.v5("r");
    reader.subscribe(&[("known/+", QOS0)]);
    let mut sender = broker.v5("s");
    let mut publish = || {
        for n in 0..500 {
            // New topics, so that no match is remembered.
            sender.publish(message(&format!("known/{n}"), "x"));
            assert_eq!(reader.got().payload, b"x");
        }
    };
    let alone = shortest(&mut publish);
    let mut others = broker.v5("others");
    for hundred in 0..50 {
        let filters: Vec<String> =
            (0..100).map(|n| format!("unrelated/{hundred}/+/{n}/#")).collect();
        let filters: Vec<_> = filters.iter().map(|filter| (filter.as_str(), QOS0)).collect();
        others.subscribe(&filters);
    }
    let among = shortest(&mut publish);
    eprintln!("500 publishes: {alone:?} alone, {among:?} among 5,000 other filters");
    assert!(among < alone * 5 + Duration::from_millis(50), "{alone:?} became {among:?}");
}
