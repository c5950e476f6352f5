//! NS-34: topics, shares, retained messages, wills and client ids of one organisation are nothing to
//! another, whatever they are called. The log-in names the organisation, never the topic.

use broker_codec::{Connect, Publish, PublishProperties, QoS, ReasonCode, Version, Will};
use broker_server::{Deps, Everything, Identity, Login};
use uns_model::OrgId;

use crate::client::{Broker, Client, QOS0, QOS1, connect, message, qos1};

/// A user name is an account of the organisation whose number is its password.
fn start() -> Broker {
    let identify = |login: &Login<'_>| {
        let number = login.password.and_then(|password| password.first()).copied();
        let org = OrgId(number.unwrap_or_default().into());
        let name = login.user_name.ok_or(ReasonCode::NotAuthorized)?;
        Ok(Identity::new(org, name, Everything::shared()))
    };
    Broker::over(Deps { authenticate: Box::new(identify), ..Deps::default() }, |_| {})
}

fn of<'a>(org: &'a [u8], id: &'a str) -> Connect<'a> {
    Connect { user_name: Some("same"), password: Some(org), ..connect(Version::V5, id) }
}

fn open(broker: &Broker, org: &[u8], id: &str) -> Client {
    broker.client(&of(org, id))
}

const ONE: &[u8] = &[1];
const TWO: &[u8] = &[2];

#[test]
fn messages_retained_ones_and_shares_stay_in_their_organisation() {
    let broker = start();
    let mut reader = open(&broker, TWO, "reader");
    reader.subscribe(&[("#", QOS1), ("$share/g/#", QOS0), ("$uns/#", QOS0)]);
    let mut own = open(&broker, ONE, "own");
    own.subscribe(&[("$share/g/#", QOS0)]);
    let mut sender = open(&broker, ONE, "sender");
    for id in 1..=10 {
        sender.publish(Publish { retain: true, ..qos1("a/secret", "x", id) });
        assert_eq!(sender.puback().1, ReasonCode::Success);
        assert_eq!(own.got().topic, "a/secret", "the whole share is here");
    }
    reader.ping();
    let mut late = open(&broker, TWO, "late");
    late.subscribe(&[("a/#", QOS0)]);
    late.ping();
    late.publish(message("a/secret", "other"));
    late.got();
    own.ping();
}

#[test]
fn one_client_id_is_two_clients_in_two_organisations() {
    let broker = start();
    let mut one = open(&broker, ONE, "press7");
    let mut two = open(&broker, TWO, "press7");
    one.ping();
    two.ping();
    let mut again = open(&broker, TWO, "press7");
    assert_eq!(two.disconnected(), ReasonCode::SessionTakenOver);
    one.ping();
    again.ping();
}

#[test]
fn a_will_is_heard_at_home_only() {
    let broker = start();
    let mut home = open(&broker, ONE, "home");
    home.subscribe(&[("will", QOS0)]);
    let mut away = open(&broker, TWO, "away");
    away.subscribe(&[("#", QOS0)]);
    let will = Will {
        topic: "will",
        payload: b"gone",
        qos: QoS::AtMostOnce,
        retain: false,
        delay_interval: None,
        properties: PublishProperties::default(),
    };
    drop(broker.client(&Connect { will: Some(will), ..of(ONE, "mortal") }));
    assert_eq!(home.got().topic, "will");
    away.ping();
}
