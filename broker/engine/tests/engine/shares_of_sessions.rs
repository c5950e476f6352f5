//! TRAP-15, TRAP-16: shares whose members have sessions that outlive their connections. What is for
//! such a member is owed to its session, and so outlives its connection; who is connected comes
//! first, and a share whose members are all away loses nothing that can be owed.

use broker_codec::{
    Connect, ConnectProperties, Disconnect, DisconnectProperties, ReasonCode, SubscribeOptions,
    Version,
};
use broker_engine::Config;
use uns_model::SessionNo;

use crate::net::{Net, Peered, at_least_once, connect, exactly_once, qos0, qos1, qos2};

const SHARE: &str = "$share/g/t/+";

struct World {
    net: Net,
    sender: Peered,
    sent: u16,
}

impl World {
    fn new() -> Self {
        let mut net = Net::new(2, Config::default());
        net.engines.iter_mut().for_each(|engine| engine.gate().has_log = true);
        // As after a start: no session has the number that stands for connections.
        net.broker.clients.number_from(SessionNo(1));
        let sender = net.client(0, Version::V5, "s");
        Self { net, sender, sent: 0 }
    }

    /// A client whose session lasts, as a member of the share.
    fn lasting(&mut self, core: usize, id: &str, options: SubscribeOptions) -> Peered {
        let properties =
            ConnectProperties { session_expiry_interval: Some(60), ..ConnectProperties::default() };
        let connect = Connect { clean_start: false, properties, ..connect(Version::V5, id) };
        let client = self.net.connect(core, &connect);
        self.net.subscribe(client, SHARE, options);
        self.commit();
        self.net.seen(client);
        self.notes();
        client
    }

    fn commit(&mut self) {
        for core in 0..2 {
            let flushed = std::mem::take(&mut self.net.engines[core].gate().flushed);
            for ticket in flushed.into_iter().filter_map(|(ticket, _)| ticket) {
                self.net.commit(core, ticket.0, Ok(ticket.0));
            }
        }
    }

    fn notes(&mut self) -> Vec<String> {
        (0..2).flat_map(|core| std::mem::take(&mut self.net.engines[core].gate().notes)).collect()
    }

    /// Publishes with QoS 1; says to which sessions it is owed.
    fn publish(&mut self, topic: &str) -> Vec<String> {
        self.sent += 1;
        self.net.send(self.sender, &qos1(topic, "x", self.sent));
        self.commit();
        self.net.seen(self.sender);
        let notes = self.notes();
        notes.into_iter().filter_map(|n| n.strip_prefix("audience ").map(str::to_owned)).collect()
    }
}

#[test]
fn trap_16_what_is_for_a_session_is_owed_to_it() {
    let mut world = World::new();
    let first = world.lasting(0, "a", at_least_once());
    let second = world.lasting(1, "b", exactly_once());
    let plain = world.net.client(1, Version::V311, "c");
    world.net.subscribe(plain, SHARE, at_least_once());
    world.net.seen(plain);
    let mut owed = Vec::new();
    for n in 0..9 {
        owed.extend(world.publish(&format!("t/{n}")));
    }
    owed.sort();
    // What the connection gets is owed to it until it acknowledges.
    assert_eq!(owed, ["0q1", "0q1", "0q1", "1q1", "1q1", "1q1", "2q1", "2q1", "2q1"]);
    assert_eq!(world.net.seen(plain).len(), 3);
    // From the ledger, not live; but QoS 0 is live.
    assert_eq!((world.net.seen(first), world.net.seen(second)), (vec![], vec![]));
    for n in 0..3 {
        world.net.send(world.sender, &qos0(&format!("t/{n}"), "x"));
    }
    let live = [first, second, plain].map(|client| world.net.seen(client).len());
    assert_eq!(live, [1, 1, 1]);
}

#[test]
fn trap_16_members_that_are_away_come_last_and_still_lose_nothing() {
    let mut world = World::new();
    let away = world.lasting(0, "a", at_least_once());
    let stays = world.lasting(1, "b", at_least_once());
    world.net.lose(away);
    world.notes();
    assert!((0..6).all(|n| world.publish(&format!("t/{n}")) == ["2q1"]));
    world.net.lose(stays);
    world.notes();
    let mut owed: Vec<_> = (0..6).flat_map(|n| world.publish(&format!("t/{n}"))).collect();
    owed.sort();
    assert_eq!(owed, ["1q1", "1q1", "1q1", "2q1", "2q1", "2q1"]);
    // Nobody is there for QoS 0.
    world.net.send(world.sender, &qos0("t/1", "x"));
    assert_eq!(world.notes(), [""; 0]);
}

/// A copy for its own subscription, and one more for each share it is the chosen member of (4.8.2).
/// A session is owed a record once, so the log has copies.
#[test]
fn trap_15_the_same_group_on_another_filter_and_a_subscription_beside_it() {
    let mut world = World::new();
    let client = world.lasting(0, "a", at_least_once());
    for filter in ["$share/g/t/#", "t/x"] {
        world.net.subscribe(client, filter, at_least_once());
        world.commit();
    }
    world.notes();
    let publish = |world: &mut World| {
        world.sent += 1;
        world.net.send(world.sender, &qos1("t/x", "x", world.sent));
        world.commit();
        world.notes()
    };
    let one = ["t/x q1", "audience 1q1", "owed 2 back"];
    assert_eq!(publish(&mut world), [one, one, one].concat());
    world.net.unsubscribe(client, "$share/g/t/#");
    world.commit();
    world.notes();
    assert_eq!(publish(&mut world), [one, one].concat());
    // Where somebody else is chosen, one record is enough.
    world.lasting(1, "b", at_least_once());
    let (mut both, mut once) = (0, 0);
    for _ in 0..6 {
        match publish(&mut world) {
            notes if notes == [one, one].concat() => both += 1,
            notes => {
                let owed = ["audience 1q1", "owed 2 back", "audience 2q1", "owed 4 back"];
                assert_eq!(notes, [&["t/x q1"][..], &owed].concat());
                once += 1;
            }
        }
    }
    assert_eq!((both, once), (3, 3));
}

/// The same for a session that ends with its connection, and for QoS 0.
#[test]
fn a_member_with_a_subscription_of_its_own_gets_two_copies_live_too() {
    for (lasting, qos) in [(false, 1), (false, 0), (true, 0)] {
        let mut world = World::new();
        let client = match lasting {
            true => world.lasting(1, "a", at_least_once()),
            false => {
                let client = world.net.client(1, Version::V5, "a");
                world.net.subscribe(client, SHARE, at_least_once());
                client
            }
        };
        world.net.subscribe(client, "t/x", at_least_once());
        world.commit();
        world.net.seen(client);
        let packet = if qos == 1 { qos1("t/x", "x", 1) } else { qos0("t/x", "x") };
        world.net.send(world.sender, &packet);
        assert_eq!(world.net.seen(client).len(), 2, "lasting {lasting}, QoS {qos}");
    }
}

#[test]
fn a_session_that_ends_leaves_its_shares() {
    let mut world = World::new();
    let ends = world.lasting(0, "a", at_least_once());
    world.lasting(1, "b", at_least_once());
    let properties = DisconnectProperties {
        session_expiry_interval: Some(0),
        ..DisconnectProperties::default()
    };
    let disconnect = Disconnect { properties, ..Disconnect::new(ReasonCode::NORMAL_DISCONNECTION) };
    world.net.send(ends, &broker_codec::Packet::Disconnect(disconnect));
    world.commit();
    world.notes();
    assert!((0..4).all(|n| world.publish(&format!("t/{n}")) == ["2q1"]));
    assert_eq!(world.net.broker.subscriptions.count(), 1);
}

/// QoS 2 waits for its commit; the member whose turn it was may be gone by then.
#[test]
fn trap_16_a_member_that_leaves_before_the_commit_is_replaced() {
    let mut net = Net::new(2, Config::default());
    let members = [(0, "a"), (0, "b"), (1, "c")].map(|(core, id)| {
        let client = net.client(core, Version::V5, id);
        net.subscribe(client, "$share/g/log/+", exactly_once());
        net.seen(client);
        client
    });
    let sender = net.client(0, Version::V5, "s");
    for (id, gone) in (1..).zip(members) {
        net.send(sender, &qos2("log/x", "x", id));
        if id < 3 {
            net.lose(gone);
        }
        let flushed = std::mem::take(&mut net.engines[0].gate().flushed);
        for ticket in flushed.into_iter().filter_map(|(ticket, _)| ticket) {
            net.commit(0, ticket.0, Ok(ticket.0));
        }
        net.settle();
    }
    let got: usize = members.map(|member| net.seen(member).len()).into_iter().sum();
    assert_eq!(got, 3, "each once, whoever was left");
}
