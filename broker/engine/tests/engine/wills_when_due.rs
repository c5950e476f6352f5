//! Wills are judged when they are due, by the account that left them and the rights it has by then
//! (TRAP-06, TRAP-31).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use broker_codec::{
    Connect, ConnectProperties, Disconnect, DisconnectProperties, Packet, PublishProperties, QoS,
    ReasonCode, Version, Will,
};
use broker_engine::{Config, Gate};
use fabric::{DueWill, Rejection};
use uns_model::{OrgId, PublisherId, Reason, Sequence, SessionNo};

use crate::doorman::{Doorman, Rules, as_user, rules};
use crate::net::{Net, Peered, at_least_once};

fn net_of(users: &[(&'static str, &Arc<Rules>)]) -> Net {
    let mut net = Net::guarded(2, Config::default(), Box::new(Doorman::with(users)));
    net.engines.iter_mut().for_each(|engine| engine.gate().has_log = true);
    net
}

fn watcher(net: &mut Net) -> Peered {
    let watcher = net.client(1, Version::V5, "w");
    net.subscribe(watcher, "#", at_least_once());
    net.seen(watcher);
    watcher
}

/// A client of the user `fred` with a will whose session waits for so long.
fn with_will<'a>(name: &'a str, delay: u32, expiry: u32) -> Connect<'a> {
    let properties =
        ConnectProperties { session_expiry_interval: Some(expiry), ..ConnectProperties::default() };
    Connect {
        properties,
        will: Some(Will {
            topic: "mine/w",
            payload: b"gone",
            qos: QoS::AtMostOnce,
            retain: false,
            delay_interval: Some(delay),
            properties: PublishProperties::default(),
        }),
        ..as_user(Version::V5, name, "right")
    }
}

/// What the ledger hands out when the will of a session is due.
fn due(owner: Option<&str>) -> DueWill {
    DueWill {
        org: OrgId::DEFAULT,
        session: SessionNo(0),
        publisher: PublisherId(4),
        client_id: "fred".into(),
        owner: owner.map(Arc::from),
        will: Arc::new(fabric::Will {
            topic: "mine/w".into(),
            payload: bytes::Bytes::from_static(b"gone"),
            properties: bytes::Bytes::new(),
            qos: 0,
            retain: false,
            expiry: None,
            delay: 10,
        }),
        sequence: Some(Sequence(7)),
        not_taken: 0,
    }
}

/// The log decides about what core 0 handed over.
fn decide(net: &mut Net, outcome: &Result<u64, Rejection>) {
    let flushed: Vec<_> = net.engines[0].gate().flushed.drain(..).filter_map(|f| f.0).collect();
    flushed.iter().for_each(|ticket| net.commit(0, ticket.0, outcome.clone()));
}

fn notes(net: &mut Net) -> Vec<String> {
    let notes = std::mem::take(&mut net.engines[0].gate().notes);
    notes.into_iter().filter(|note| note.starts_with("session")).collect()
}

#[test]
fn the_owner_is_noted_before_the_will_of_every_session() {
    let fred = rules(&["mine/"], &[]);
    let mut net = net_of(&[("fred", &fred)]);
    for (expiry, opened) in [(0, "session 0"), (60, "session 1")] {
        let client = net.connect(0, &with_will("fred", 10, expiry));
        assert_eq!(net.seen(client), ["CONNACK Success"]);
        let expected = ["Opened", "Owner", "Will"].map(|word| format!("{opened} {word}"));
        assert_eq!(notes(&mut net), expected);
        net.lose(client);
        notes(&mut net);
    }
}

#[test]
fn a_will_that_is_due_is_judged_by_the_rights_of_then() {
    let fred = rules(&["mine/"], &[]);
    let mut net = net_of(&[("fred", &fred)]);
    let watcher = watcher(&mut net);
    let client = net.connect(0, &with_will("fred", 10, 60));
    assert_eq!(net.seen(client), ["CONNACK Success"]);
    net.lose(client);
    assert_eq!(notes(&mut net).last().map(String::as_str), Some("session 0 Left"), "it waits");
    let now = net.now;
    let comes = |net: &mut Net, owner| {
        net.engines[0].will_due(now, &due(owner));
        net.settle();
        assert_eq!(notes(net), ["session 0 WillGone"], "it never comes again");
        assert!(net.seen(watcher).is_empty(), "the log has not decided");
        decide(net, &Ok(9));
        assert!(net.engines[0].effects().wills_not_taken.is_empty());
        net.seen(watcher)
    };
    assert_eq!(comes(&mut net, Some("fred")), ["mine/w gone q0"]);
    assert_eq!(
        comes(&mut net, None),
        ["mine/w gone q0"],
        "whoever has no account may do everything"
    );
    assert_eq!(net.engines[0].stats().denied, 0);
    fred.publish.lock().clear();
    assert!(comes(&mut net, Some("fred")).is_empty());
    *fred.publish.lock() = vec!["mine/"];
    assert_eq!(comes(&mut net, Some("fred")), ["mine/w gone q0"], "no decision is kept");
    assert!(comes(&mut net, Some("anna")).is_empty(), "nobody has that account any more");
    fred.revoked.store(true, Ordering::Relaxed);
    assert!(comes(&mut net, Some("fred")).is_empty());
    let stats = net.engines[0].stats();
    assert_eq!((stats.denied_publishes, stats.rejected, stats.messages_in), (3, 3, 3));
}

#[test]
fn the_will_of_an_account_that_goes_is_not_published() {
    for (delay, expiry) in [(0, 0), (0, 60), (10, 0), (10, 60)] {
        let fred = rules(&["mine/"], &[]);
        let mut net = net_of(&[("fred", &fred)]);
        let watcher = watcher(&mut net);
        let client = net.connect(0, &with_will("fred", delay, expiry));
        assert_eq!(net.seen(client), ["CONNACK Success"]);
        fred.revoked.store(true, Ordering::Relaxed);
        net.broker.policy_changed();
        net.advance(Duration::from_millis(250));
        assert!(net.is_closed(client));
        assert!(net.seen(watcher).is_empty(), "delay {delay}, session {expiry}");
        let waits = delay > 0 && expiry > 0;
        assert_eq!(net.engines[0].stats().denied_publishes, u64::from(!waits));
        let gone = notes(&mut net).iter().any(|note| note.ends_with("WillGone"));
        assert_eq!(gone, !waits, "the ledger has it due when the session of the account ends");
    }
}

#[test]
fn a_connection_that_ends_with_its_password_leaves_the_will_of_its_account() {
    let fred = rules(&["mine/"], &[]);
    let renewed = rules(&["mine/"], &[]);
    let mut doorman = Doorman::with(&[("fred", &fred)]);
    doorman.renewed.insert("fred", Arc::clone(&renewed));
    let mut net = Net::guarded(2, Config::default(), Box::new(doorman));
    let watcher = watcher(&mut net);
    let client = net.connect(0, &with_will("fred", 0, 0));
    assert_eq!(net.seen(client), ["CONNACK Success"]);
    fred.publish.lock().clear();
    fred.revoked.store(true, Ordering::Relaxed);
    net.broker.policy_changed();
    net.advance(Duration::from_millis(250));
    assert!(net.is_closed(client));
    assert_eq!(net.seen(watcher), ["mine/w gone q0"]);
}

/// A full disk refuses the batch of a will, or its publish before that. It is handed in again, and nobody
/// gets it each time.
#[test]
fn a_will_that_the_log_does_not_take_is_given_back_and_comes_once() {
    let mut net = net_of(&[]);
    let watcher = watcher(&mut net);
    let now = net.now;
    let full = || Rejection::new(Reason::StorageFull, "the disk is full");
    for at_once in [true, false] {
        net.engines[0].gate().broken = at_once;
        net.engines[0].will_due(now, &due(None));
        net.settle();
        decide(&mut net, &Err(full()));
        assert_eq!(net.seen(watcher), [""; 0]);
        let given_back = std::mem::take(&mut net.engines[0].effects().wills_not_taken);
        assert_eq!(given_back, [due(None)], "at once: {at_once}");
    }
    let mut refused = due(None);
    refused.will = Arc::new(fabric::Will { topic: "full/w".into(), ..(*refused.will).clone() });
    notes(&mut net);
    net.engines[0].will_due(now, &refused);
    net.settle();
    assert_eq!(net.engines[0].stats().rejected, 1);
    refused.not_taken = 1;
    net.engines[0].will_due(now, &refused);
    net.settle();
    assert_eq!(net.engines[0].stats().rejected, 1, "it is counted once, however often it comes");
    refused.not_taken = 0;
    let mut given_back = std::mem::take(&mut net.engines[0].effects().wills_not_taken);
    assert_eq!(given_back.pop().map(|will| will.not_taken), Some(1));
    assert_eq!(given_back, [refused]);
    assert_eq!(notes(&mut net), [""; 0], "nothing says that it is gone");

    net.engines[0].will_due(now, &due(None));
    net.settle();
    decide(&mut net, &Ok(9));
    assert_eq!(net.seen(watcher), ["mine/w gone q0"]);
    assert!(net.engines[0].effects().wills_not_taken.is_empty());
}

#[test]
fn wills_that_are_due_together_do_not_make_a_batch_without_a_limit() {
    let mut net = net_of(&[]);
    let now = net.now;
    let will = fabric::Will {
        topic: "log/w".into(),
        payload: vec![b'x'; 100_000].into(),
        ..(*due(None).will).clone()
    };
    let large = DueWill { will: Arc::new(will), ..due(None) };
    net.engines[0].gate().flushed.clear();
    for _ in 0..100 {
        net.engines[0].will_due(now, &large);
        assert!(net.engines[0].gate().pending_bytes() < 512 << 10);
    }
}

/// The ledger has it due as long as the log does not say that it is gone. It is told that the connection is
/// gone as well, since the log may not take the end of the session either.
#[test]
fn a_client_that_is_lost_on_a_full_disk_leaves_its_will_to_the_ledger() {
    let mut net = Net::new(1, Config::default());
    net.engines[0].gate().has_log = true;
    let will_gone = [("full/w", false), ("no/w", true), ("log/w", true)];
    for (expiry, (topic, gone)) in [0, 60].into_iter().flat_map(|e| will_gone.map(|w| (e, w))) {
        let mut connect = Connect { user_name: None, password: None, ..with_will("c", 0, expiry) };
        connect.will = connect.will.map(|will| Will { topic, ..will });
        let client = net.connect(0, &connect);
        decide(&mut net, &Ok(1));
        notes(&mut net);
        net.lose(client);
        decide(&mut net, &Ok(1));
        let notes = notes(&mut net);
        assert_eq!(notes.iter().any(|note| note.ends_with("WillGone")), gone, "{topic}: {notes:?}");
        let detached = std::mem::take(&mut net.engines[0].effects().detached);
        let [(session, key)] = detached[..] else { panic!("{topic}, {expiry}: {detached:?}") };
        assert_eq!(key, client.key);
        assert!(notes.last().is_some_and(|n| n.starts_with(&format!("session {} ", session.0))));
    }
}

/// A will without a delay that stands in the log when its client is back counts as due.
#[test]
fn a_will_that_was_withdrawn_on_a_full_disk_is_withdrawn_again_before_its_client_comes_back() {
    for (expiry, at_once) in [(60, true), (60, false), (0, true), (0, false)] {
        let mut net = net_of(&[]);
        let full = || Err(Rejection::new(Reason::StorageFull, "the disk is full"));
        let come = |net: &mut Net| {
            let connect = with_will("c", 0, expiry);
            let client = net.connect(0, &Connect { user_name: None, password: None, ..connect });
            decide(net, &Ok(1));
            client
        };
        let leave = |net: &mut Net, client| {
            let reason = ReasonCode::NORMAL_DISCONNECTION;
            let properties = DisconnectProperties::default();
            net.send(client, &Packet::Disconnect(Disconnect { reason, properties }));
        };
        let told = |net: &mut Net| {
            let mut notes = notes(net);
            notes.retain(|note| note.ends_with("WillGone") || note.ends_with(" Will"));
            notes
        };
        let client = come(&mut net);
        net.engines[0].gate().broken = at_once;
        leave(&mut net, client);
        decide(&mut net, &full());
        if at_once {
            // It comes back while there is no room, and leaves in the same way.
            let client = come(&mut net);
            leave(&mut net, client);
        }
        net.engines[0].gate().broken = false;
        notes(&mut net);
        // The ledger has not heard of its end, so it takes the client for lost after a while.
        let now = net.now;
        net.engines[0].will_due(now, &DueWill { client_id: "c".into(), ..due(None) });
        net.settle();
        assert_eq!(net.engines[0].stats().messages_in, 0, "nobody is told that it is lost");
        assert_eq!(told(&mut net), ["session 0 WillGone"]);
        let client = come(&mut net);
        let again = told(&mut net);
        assert_eq!(again[0], "session 0 WillGone", "expiry {expiry}, {at_once}: {again:?}");
        assert!(again.last().is_some_and(|note| note.ends_with(" Will")), "{again:?}");
        leave(&mut net, client);
        decide(&mut net, &Ok(2));
        assert_eq!(told(&mut net).len(), 1);
        come(&mut net);
        assert_eq!(told(&mut net).len(), 1, "nothing is told again that the log knows");
    }
}
