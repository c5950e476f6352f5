//! What operators see and do: clients found in slices and in order, counted for what they did, and
//! ended by hand.

use broker_codec::{Connect, SubscribeOptions, Version};
use broker_engine::{ClientInfo, ClientQuery, ClientScan, ClientState, Config, End, TopicScan};
use uns_model::query::ClientOrder;
use uns_model::{Filter, OrgId};

use crate::net::{Net, connect, qos0};

fn clients(net: &Net, query: &ClientQuery) -> (Vec<ClientInfo>, bool) {
    let mut all = ClientScan::new(query.clone());
    for engine in &net.engines {
        let mut scan = ClientScan::new(query.clone());
        while !engine.scan_clients(&mut scan) {}
        all.join(scan);
    }
    all.finish()
}

fn ids(net: &Net, query: &ClientQuery) -> String {
    let (found, more) = clients(net, query);
    let ids: Vec<_> = found.iter().map(|client| &*client.client_id).collect();
    format!("{}{}", ids.join(" "), if more { " ..." } else { "" })
}

fn query(limit: usize) -> ClientQuery {
    ClientQuery { org: OrgId::DEFAULT, limit, ..ClientQuery::default() }
}

#[test]
fn clients_of_all_cores_come_in_pages_of_one_order() {
    let mut net = Net::new(2, Config::default());
    for (core, id) in [(0, "d"), (1, "a"), (0, "b"), (1, "c"), (0, "ab")] {
        net.client(core, Version::V5, id);
    }
    net.open(0);
    assert_eq!(ids(&net, &query(9)), "a ab b c d");
    assert_eq!(ids(&net, &query(2)), "a ab ...");
    let next = ClientQuery { after: Some((0, "ab".into())), ..query(2) };
    assert_eq!(ids(&net, &next), "b c ...");
    let last = ClientQuery { after: Some((0, "c".into())), ..query(2) };
    assert_eq!(ids(&net, &last), "d");
    assert_eq!(ids(&net, &ClientQuery { client_id: Some("b".into()), ..query(9) }), "ab b");
    assert_eq!(ids(&net, &ClientQuery { org: OrgId(7), ..query(9) }), "");
    let connecting = ClientQuery { state: Some(ClientState::Connecting), ..query(9) };
    assert_eq!(ids(&net, &connecting), "");
}

#[test]
fn a_client_is_shown_with_what_it_did() {
    let mut net = Net::new(1, Config::default());
    let watcher = net.client(0, Version::V311, "watcher");
    net.subscribe(watcher, "#", SubscribeOptions::default());
    let connect = Connect { user_name: Some("eve"), keep_alive: 60, ..connect(Version::V5, "p") };
    let publisher = net.connect(0, &connect);
    for topic in ["plain/a", "plain/b", "no/c"] {
        net.send(publisher, &qos0(topic, "12345"));
    }
    let by_name = ClientQuery { user_name: Some("eve".into()), ..query(9) };
    let (found, _) = clients(&net, &by_name);
    let [client] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((client.messages_in, client.messages_out, client.rejected), (2, 0, 1));
    assert_eq!((client.keep_alive, client.version), (60, Version::V5));
    assert!(client.bytes_in > 50 && client.bytes_out > 0, "{client:?}");
    let (found, _) = clients(&net, &ClientQuery { order: ClientOrder::MessagesOut, ..query(1) });
    assert_eq!((&*found[0].client_id, found[0].messages_out), ("watcher", 2));
    assert_eq!(found[0].subscriptions, 1);

    let all = Filter::parse("plain/#").unwrap();
    let mut scan = TopicScan::new(OrgId::DEFAULT, all, Some("plain/a"), 9);
    while !net.engines[0].scan_topics(&mut scan) {}
    let topics: Vec<_> = scan.found.iter().map(|name| &*name.0).collect();
    assert_eq!(topics, ["plain/b"]);
}

#[test]
fn an_operator_ends_a_connection_in_words() {
    let mut net = Net::new(1, Config::default());
    let client = net.client(0, Version::V5, "c");
    let key = client.key;
    assert!(net.engines[0].kick(net.now, key));
    net.settle();
    assert_eq!(net.seen(client), ["DISCONNECT AdministrativeAction"]);
    assert!(!net.engines[0].kick(net.now, key), "it is gone");
    assert_eq!(ids(&net, &query(9)), "");
    let stats = net.engines[0].stats();
    assert_eq!(stats.ended[End::Administrative as usize], 1);
    assert_eq!(stats.ended.iter().sum::<u64>(), 1);
    assert_eq!(net.broker.clients.count(), 0);
}

#[test]
fn a_search_among_many_goes_in_slices() {
    let mut net = Net::new(1, Config::default());
    let ids: Vec<String> = (0..2500).map(|n| format!("c{n:05}")).collect();
    for id in &ids {
        net.client(0, Version::V5, id);
    }
    let mut scan = ClientScan::new(query(1000));
    let mut slices = 1;
    while !net.engines[0].scan_clients(&mut scan) {
        slices += 1;
    }
    assert_eq!(slices, 3, "at most 1,000 connections at once");
    let (found, more) = scan.finish();
    assert!(more && found.len() == 1000);
    assert!(found.iter().zip(&ids).all(|(client, id)| *client.client_id == **id));
}
