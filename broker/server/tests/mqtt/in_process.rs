//! TRAP-31, TRAP-33, TRAP-34: publishes from inside the process pass like others; shutdown says 0x8B;
//! figures are true.

use broker_codec::ReasonCode;
use broker_server::{Error, InProcess, Limits, OrganisationLimits, Rate, Together};
use uns_model::{OrgId, Reason};

use crate::client::{Broker, QOS0, message};

fn publish(topic: &str, retain: bool) -> InProcess {
    InProcess {
        topic: topic.into(),
        payload: "inside".into(),
        qos: 1,
        retain,
        ..InProcess::default()
    }
}

#[test]
fn trap_32_publishes_from_inside() {
    let broker = Broker::start();
    let mut client = broker.v5("c");
    client.subscribe(&[("a/#", QOS0)]);
    for n in 0..100 {
        let outcome = broker.inside("hub", vec![publish(&format!("a/{n}"), n == 99)]).remove(0);
        assert_eq!(outcome.expect("plain MQTT"), None);
        assert_eq!(client.got().topic, format!("a/{n}"));
    }
    for topic in ["$SYS/x", "a/+", ""] {
        let outcome = broker.inside("hub", vec![publish(topic, false)]).remove(0);
        outcome.expect_err(topic);
    }
    let mut late = broker.v5("late");
    late.subscribe(&[("a/#", QOS0)]);
    assert_eq!(late.got_text(), ("a/99".into(), "inside".into()));
}

#[test]
fn trap_33_shutdown_says_so() {
    let mut broker = Broker::start();
    let mut clients: Vec<_> = (0..20).map(|n| broker.v5(&format!("c{n}"))).collect();
    let readers: Vec<_> = clients
        .drain(..)
        .map(|mut client| std::thread::spawn(move || client.disconnected()))
        .collect();
    broker.shutdown();
    for reader in readers {
        assert_eq!(reader.join().unwrap(), ReasonCode::ServerShuttingDown);
    }
    let batch = Together { items: vec![publish("a", false)], ..Together::default() };
    let outcome = broker.block_on(broker.handle.together(0, batch));
    assert!(matches!(outcome, Err(Error::ShuttingDown)));
}

#[test]
fn trap_34_figures_are_true() {
    let broker = Broker::start();
    let mut client = broker.v5("c");
    client.subscribe(&[("a", QOS0), ("b", QOS0)]);
    for _ in 0..10 {
        client.publish(message("a", "x"));
        client.got();
    }
    crate::client::eventually("what was sent to be counted", || {
        broker.handle.stats().stats.messages_out == 10
    });
    let stats = broker.handle.stats();
    assert_eq!((stats.stats.clients, stats.sockets, stats.subscriptions), (1, 1, 2));
    assert_eq!((stats.stats.messages_in, stats.stats.messages_out), (10, 10));
    assert!(stats.stats.bytes_in > 60 && stats.stats.bytes_out > 60);
    drop(client);
    crate::client::eventually("the client to be gone", || {
        let stats = broker.handle.stats();
        (stats.stats.clients, stats.sockets, stats.subscriptions) == (0, 0, 0)
    });
}

#[test]
fn a_batch_keeps_its_order_and_its_subscribers_see_it() {
    let broker = Broker::start();
    let mut watcher = broker.v5("w");
    watcher.subscribe(&[("#", QOS0)]);
    let items = (0..500).map(|n| publish(if n % 2 == 0 { "b" } else { "a" }, n == 0)).collect();
    assert!(broker.inside("hub", items).iter().all(Result::is_ok));
    for n in 0..500 {
        assert_eq!(watcher.got().topic, if n % 2 == 0 { "b" } else { "a" });
    }
}

#[test]
fn a_producer_that_waits_for_its_rate_holds_up_nobody_else() {
    let limited = OrgId(7);
    let publish_limit = Rate { messages: 1, bytes: 0 };
    let broker = Broker::with(|config| {
        config.cores = 1;
        let organisation = OrganisationLimits { publish: publish_limit, ..Default::default() };
        config.engine.limits = Limits { organisation, ..Default::default() };
    });
    let together = |org, lane, n| {
        let items = (0..n).map(|n| publish(&format!("t/{n}"), false)).collect();
        broker
            .handle
            .together(lane, Together { org, client_id: "hub".into(), items, ..Together::default() })
    };
    broker.block_on(async {
        // It takes more than an hour to pass.
        let mut slow = Box::pin(together(limited, 1, 4000));
        let others = async {
            // After it, in the same core's queue.
            tokio::task::yield_now().await;
            together(OrgId::DEFAULT, 2, 1).await.expect("the broker runs").remove(0)
        };
        tokio::select! {
            biased;
            _ = &mut slow => panic!("the rate was not kept"),
            done = others => assert_eq!(done.expect("within the rate").sequence, None),
        }
        // A quarter of what may wait is one organisation's: what is more is refused, not kept.
        let mut more = tokio::task::JoinSet::new();
        for n in 0..256 {
            let items = vec![publish("t/x", false); 2];
            let batch =
                Together { org: limited, client_id: "hub".into(), items, ..Together::default() };
            let handle = broker.handle.clone();
            more.spawn(async move { handle.together(10 + n, batch).await });
        }
        let refused = more.join_next().await.expect("256 run").expect("no panic");
        let refused = refused.expect("the broker runs");
        assert!(refused.iter().all(|item| {
            item.as_ref().is_err_and(|rejection| rejection.reason == Reason::QuotaExceeded)
        }));
        tokio::select! {
            biased;
            _ = &mut slow => panic!("the rate was not kept"),
            done = together(OrgId::DEFAULT, 300, 1) => drop(done.expect("the broker runs")),
        }
    });
}
