//! TRAP-16: shares of which some members have sessions that outlive their connections, and others do
//! not. What a connection without such a session gets is in the log as owed to it (as session 0)
//! until it acknowledges: after a crash a session can take it over, since the connection is gone.

use broker_codec::{Ack, Connect, ConnectProperties, Packet, PacketId, Version};
use broker_engine::Config;
use fabric::Rejection;
use uns_model::{Reason, SessionNo};

use crate::net::{Net, Peered, at_least_once, connect, exactly_once, qos0, qos1, qos2};

const SHARE: &str = "$share/g/t/+";

/// A share of which one member has a session that lasts, and is away.
struct World {
    net: Net,
    sender: Peered,
    sent: u16,
}

impl World {
    fn new() -> Self {
        let mut world = Self::without_lasting();
        let properties =
            ConnectProperties { session_expiry_interval: Some(60), ..ConnectProperties::default() };
        let connect = Connect { clean_start: false, properties, ..connect(Version::V5, "away") };
        let away = world.net.connect(0, &connect);
        world.net.subscribe(away, SHARE, at_least_once());
        world.commit();
        world.net.lose(away);
        world.commit();
        world.notes();
        world
    }

    fn without_lasting() -> Self {
        let mut net = Net::new(2, Config::default());
        net.engines.iter_mut().for_each(|engine| engine.gate().has_log = true);
        net.broker.clients.number_from(SessionNo(1));
        let sender = net.client(0, Version::V5, "s");
        Self { net, sender, sent: 0 }
    }

    /// A member whose session ends with its connection.
    fn member(&mut self, core: usize, id: &str) -> Peered {
        let client = self.net.client(core, Version::V311, id);
        self.net.subscribe(client, SHARE, at_least_once());
        self.net.seen(client);
        client
    }

    /// The log says this of all that was handed to it.
    fn decide(&mut self, committed: bool) {
        for core in 0..2 {
            let flushed = std::mem::take(&mut self.net.engines[core].gate().flushed);
            for ticket in flushed.into_iter().filter_map(|(ticket, _)| ticket) {
                let full = || Rejection::new(Reason::StorageFull, "disk full");
                let outcome = if committed { Ok(ticket.0) } else { Err(full()) };
                self.net.commit(core, ticket.0, outcome);
            }
        }
    }

    fn commit(&mut self) {
        self.decide(true);
    }

    fn publish(&mut self) {
        self.sent += 1;
        self.net.send(self.sender, &qos1("t/x", "x", self.sent));
    }

    fn notes(&mut self) -> Vec<String> {
        (0..2).flat_map(|core| std::mem::take(&mut self.net.engines[core].gate().notes)).collect()
    }

    fn acknowledge(&mut self, client: Peered) {
        self.net.send(client, &Packet::Puback(Ack::new(PacketId::FIRST)));
        self.net.settle();
    }
}

const OWED: [&str; 3] = ["t/x q1", "audience 0q1", "owed 2 back"];
const SETTLED: &str = "session 0 Settled";

#[test]
fn trap_16_what_a_connection_gets_is_owed_to_it_until_it_acknowledges() {
    for core in [0, 1] {
        let mut world = World::new();
        let member = world.member(core, "m");
        world.publish();
        assert_eq!(world.notes(), OWED);
        assert_eq!(world.net.seen(member), ["t/x x q1"], "it does not wait for the commit");
        world.commit();
        assert_eq!(world.notes(), [""; 0]);
        world.acknowledge(member);
        assert_eq!(world.notes(), [SETTLED]);
    }
}

#[test]
fn an_acknowledgement_before_the_commit_is_said_after_it() {
    for core in [0, 1] {
        let mut world = World::new();
        let member = world.member(core, "m");
        world.publish();
        world.acknowledge(member);
        assert_eq!(world.notes(), OWED);
        world.commit();
        assert_eq!(world.notes(), [SETTLED]);
        world.commit();
        world.publish();
        world.acknowledge(member);
        world.notes();
        world.decide(false);
        assert_eq!(world.notes(), [""; 0], "the log does not have it");
    }
}

#[test]
fn an_acknowledgement_that_the_log_refuses_is_said_again() {
    let mut world = World::new();
    let member = world.member(1, "m");
    world.publish();
    world.commit();
    world.notes();
    world.acknowledge(member);
    world.notes();
    world.decide(false);
    assert_eq!(world.notes(), [SETTLED]);
    world.commit();
    assert_eq!(world.notes(), [""; 0]);
}

/// The next connection has it on the same terms; a session has it for good.
#[test]
fn trap_16_a_member_that_leaves_hands_over_what_is_owed_to_it() {
    let mut world = World::new();
    let first = world.member(0, "m");
    world.publish();
    world.commit();
    world.notes();
    let second = world.member(1, "n");
    world.net.lose(first);
    world.commit();
    assert_eq!((world.notes(), world.net.seen(second)), (vec![], vec!["t/x x q1".to_owned()]));
    world.net.lose(second);
    let copied = ["t/x q1", "audience 1q1", "owed 2 back", SETTLED];
    assert_eq!(world.notes(), copied, "in one batch");
    world.commit();
    assert_eq!(world.notes(), [""; 0]);
}

/// Then it stays in the log as it was, for the next start.
#[test]
fn trap_16_what_cannot_be_handed_over_stays_owed() {
    let mut world = World::new();
    let member = world.member(1, "m");
    world.publish();
    world.commit();
    world.net.lose(member);
    world.notes();
    world.decide(false);
    world.commit();
    assert_eq!(world.notes(), [""; 0]);
}

#[test]
fn what_a_connection_has_when_the_broker_goes_down_stays_owed() {
    let mut world = World::new();
    world.member(1, "m");
    world.publish();
    world.commit();
    world.notes();
    for core in 0..2 {
        let now = world.net.now;
        world.net.engines[core].shut_down(now);
    }
    world.net.settle();
    world.commit();
    let notes = world.notes();
    assert!(!notes.iter().any(|note| note == SETTLED), "{notes:?}");
}

/// A message of QoS 2 is delivered after its commit, with QoS 1 where that was asked for.
#[test]
fn what_is_delivered_after_the_commit_is_owed_as_well() {
    let mut world = World::new();
    let member = world.member(1, "m");
    world.net.send(world.sender, &qos2("t/x", "x", 7));
    assert_eq!(world.notes(), ["t/x q2", "audience 0q1", "owed 2 back"]);
    world.commit();
    assert_eq!(world.net.seen(member), ["t/x x q1"]);
    world.acknowledge(member);
    assert_eq!(world.notes(), [SETTLED]);
}

/// Nobody would take it over: what has begun with QoS 2 must not go to another member, what is of QoS
/// 0 nobody acknowledges, and a share without sessions ends with the process.
#[test]
fn what_no_session_would_take_over_is_not_in_the_log() {
    let mut world = World::new();
    let member = world.member(0, "m");
    world.net.send(world.sender, &qos0("t/x", "x"));
    assert_eq!((world.notes(), world.net.seen(member).len()), (vec![], 1));
    world.net.unsubscribe(member, SHARE);
    world.net.subscribe(member, SHARE, exactly_once());
    world.net.seen(member);
    world.net.send(world.sender, &qos2("t/x", "x", 7));
    world.commit();
    assert_eq!((world.notes(), world.net.seen(member).len()), (vec![], 1));
    let mut world = World::without_lasting();
    let member = world.member(0, "m");
    world.publish();
    assert_eq!((world.notes(), world.net.seen(member).len()), (vec![], 1));
}

/// A session is owed a record once, and so are connections: the log has a copy.
#[test]
fn two_shares_that_choose_connections_are_owed_two_records() {
    let mut world = World::new();
    let member = world.member(0, "m");
    let other = "$share/h/t/#";
    let properties =
        ConnectProperties { session_expiry_interval: Some(60), ..ConnectProperties::default() };
    let connect = Connect { clean_start: false, properties, ..connect(Version::V5, "far") };
    let far = world.net.connect(1, &connect);
    world.net.subscribe(far, other, at_least_once());
    world.commit();
    world.net.lose(far);
    world.net.subscribe(member, other, at_least_once());
    world.net.seen(member);
    world.commit();
    world.notes();
    world.publish();
    assert_eq!(world.notes(), [OWED, OWED].concat());
    world.commit();
    assert_eq!(world.net.seen(member).len(), 2);
    world.net.lose(member);
    world.commit();
    world.commit();
    let settled = world.notes().into_iter().filter(|note| note == SETTLED).count();
    assert_eq!(settled, 2);
}
