//! Rights that change while the broker asks for them: an answer of the rights before is not
//! remembered as one of those that hold after.

use std::sync::{Arc, Weak};

use broker_codec::{SubscribeOptions, Version};
use broker_engine::{Access, Action, Broker, Config, Coverage, Identity, Login, Peer};
use parking_lot::Mutex;
use uns_model::OrgId;

use crate::net::{Net, at_least_once, connect, qos1};

/// Rights that end within the first question about this, which is still answered with yes.
#[derive(Debug)]
struct Ending {
    about: Action,
    topic: &'static str,
    over: Mutex<bool>,
    broker: Mutex<Weak<Broker>>,
}

impl Access for Ending {
    fn allows(&self, action: Action, topic: &str) -> bool {
        if action != self.about || topic != self.topic {
            return true;
        }
        if std::mem::replace(&mut *self.over.lock(), true) {
            return false;
        }
        self.broker.lock().upgrade().expect("it asks").policy_changed();
        true
    }

    fn covers(&self, _: &str) -> Coverage {
        Coverage::All
    }
}

/// Everybody has these rights, but one: the client `w`.
fn net(about: Action, topic: &'static str) -> Net {
    let over = Mutex::new(false);
    let access = Arc::new(Ending { about, topic, over, broker: Mutex::default() });
    let asked = Arc::clone(&access);
    let authenticate = move |login: &Login<'_>| {
        let access: Arc<dyn Access> = Arc::clone(&asked) as _;
        Ok(match login.client_id {
            "w" => Identity::anonymous(),
            name => Identity::new(OrgId::DEFAULT, name, access),
        })
    };
    let mut net = Net::guarded(2, Config::default(), Box::new(authenticate));
    *access.broker.lock() = Arc::downgrade(&net.broker);
    net.peer = Peer { anonymous_allowed: true, ..Peer::default() };
    net
}

#[test]
fn a_right_to_publish_that_ends_while_it_is_asked_for_is_not_remembered() {
    for known in [false, true] {
        let mut net = net(Action::Publish, "a");
        if known {
            // The route is there already, built for somebody else.
            let other = net.client(0, Version::V5, "w");
            net.send(other, &qos1("a", "0", 1));
        }
        let client = net.connect(0, &connect(Version::V5, "c"));
        for id in [1, 2, 3] {
            net.send(client, &qos1("a", "x", id));
        }
        assert_eq!(
            net.seen(client),
            [
                "CONNACK Success",
                "PUBACK 1 Success",
                "PUBACK 2 NotAuthorized",
                "PUBACK 3 NotAuthorized"
            ],
            "{known}"
        );
        net.send(client, &qos1("b", "x", 1));
        net.send(client, &qos1("a", "x", 2));
        assert_eq!(net.seen(client), ["PUBACK 1 Success", "PUBACK 2 NotAuthorized"], "{known}");
    }
}

#[test]
fn a_right_to_receive_that_ends_while_it_is_asked_for_is_not_remembered() {
    for (filter, core) in [("a", 0), ("a", 1), ("$share/g/a", 0), ("$share/g/a", 1)] {
        let mut net = net(Action::Receive, "a");
        let client = net.connect(core, &connect(Version::V5, "c"));
        net.subscribe(client, filter, at_least_once());
        let publisher = net.client(0, Version::V5, "w");
        for id in [1, 2, 3] {
            net.send(publisher, &qos1("a", &id.to_string(), id));
        }
        let seen = net.seen(client);
        let delivered = seen.iter().filter(|packet| packet.starts_with("a ")).count();
        assert!(delivered <= 1, "{filter} on core {core}: {seen:?}");
        assert!(!seen.iter().any(|packet| packet.starts_with("a 2")), "{filter}: {seen:?}");
    }
}

#[test]
fn a_right_to_receive_that_ends_during_a_walk_ends_it() {
    let mut net = net(Action::Receive, "r/1");
    for topic in ["r/1", "r/2"] {
        let kept = uns_model::Kept::new(0, None, b"", b"x");
        let message = broker_engine::Retained { topic: topic.into(), expires: None, kept };
        net.broker.restore(OrgId::DEFAULT, message);
    }
    let client = net.connect(0, &connect(Version::V5, "c"));
    let seen = |net: &mut Net| {
        net.subscribe(client, "r/#", SubscribeOptions::default());
        net.seen(client).into_iter().filter(|packet| packet.starts_with("r/")).collect::<Vec<_>>()
    };
    assert_eq!(seen(&mut net), ["r/1 x q0 retained", "r/2 x q0 retained"]);
    assert_eq!(seen(&mut net), ["r/2 x q0 retained"], "asked again for each walk");
}
