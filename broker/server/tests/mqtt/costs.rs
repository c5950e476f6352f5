//! TRAP-03, TRAP-53: what a look-up costs follows what it finds, not what else there is. Times are
//! compared with generous factors: a walk over everything would be thousands of times slower.

use std::time::Duration;

use broker_codec::Publish;

use crate::client::{Broker, Client, QOS0, message};

/// How long the threads of this process, which are the broker's and the client's, have run.
fn cpu_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let ran = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(tasks.flatten().filter_map(ran).sum())
}

/// The shortest of several runs, in time on a processor: other processes add little to that.
fn shortest(mut run: impl FnMut()) -> Duration {
    let timed = |_| {
        let start = cpu_time();
        run();
        cpu_time() - start
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
