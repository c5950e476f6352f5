//! Whose a client id is, and how its session waits and ends.

use super::*;
use crate::key::{CoreNo, Key};

fn who(slot: u32) -> Address {
    Address { core: CoreNo(0), key: Key { slot, generation: 0 } }
}

fn claim(clients: &Clients, org: OrgId, client_id: &str, slot: u32) -> Option<Address> {
    let (connection, account) = (who(slot), Arc::from("fred"));
    let by = Claimant { connection, account: Some(&account), reserved: false };
    clients.claim(org, client_id, by).expect("it belongs to fred or to nobody")
}

#[test]
fn a_client_id_belongs_to_the_account_that_uses_it() {
    let (clients, org) = (Clients::default(), OrgId(1));
    let claim = |org, slot, account: Option<&str>, reserved| {
        let account = account.map(Arc::from);
        let by = Claimant { connection: who(slot), account: account.as_ref(), reserved };
        clients.claim(org, "a", by)
    };
    let from = |old: Option<u32>| Ok(old.map(who));
    assert_eq!(claim(org, 1, None, false), from(None));
    assert_eq!(claim(org, 2, Some("fred"), false), from(Some(1)));
    for account in [Some("anna"), None] {
        assert_eq!(claim(org, 3, account, false), Err(NotYours));
    }
    assert_eq!(clients.find(org, "a"), Some(who(2)), "a refused claim changes nothing");
    assert_eq!(claim(OrgId(2), 4, Some("anna"), false), from(None));
    assert_eq!(claim(org, 5, Some("a"), true), from(Some(2)), "named like the id");
    assert_eq!(claim(org, 6, Some("fred"), false), Err(NotYours));
    clients.release(org, "a", who(5));
    assert_eq!(claim(org, 7, Some("anna"), false), from(None), "nobody holds it");
}

/// Also not by the second of two claims, when the first had no time to end it.
#[test]
fn a_session_goes_on_for_its_account_only() {
    let (clients, org) = (Clients::default(), OrgId(1));
    claim(&clients, org, "a", 1);
    let session = clients.number();
    assert!(clients.begin(org, "a", session, 1));
    let account = Arc::from("a");
    let reserved =
        |slot| Claimant { connection: who(slot), account: Some(&account), reserved: true };
    clients.claim(org, "a", reserved(2)).unwrap();
    clients.park(org, "a", session, Parked::default());
    clients.claim(org, "a", reserved(3)).unwrap();
    let found = clients.resume(org, "a").unwrap();
    assert!(found.session == session && !found.own);
    clients.restore(ClientRef { org, client_id: "b" }, None, SessionNo(9), Parked::default());
    claim(&clients, org, "b", 4);
    assert!(clients.resume(org, "b").unwrap().own, "it belonged to nobody");
    clients.release(org, "b", who(4));
    clients.claim(org, "b", reserved(5)).unwrap();
    assert!(!clients.resume(org, "b").unwrap().own, "and then to fred");
}

/// A user may be called `anonymous`; that makes nobody else its owner.
#[test]
fn an_account_named_anonymous_is_an_account() {
    let (clients, org) = (Clients::default(), OrgId(1));
    let (account, other) = (Arc::from("anonymous"), Arc::from("anna"));
    let by = |slot, account| Claimant { connection: who(slot), account, reserved: false };
    clients.claim(org, "a", by(1, Some(&account))).unwrap();
    assert_eq!(clients.claim(org, "a", by(2, None)), Err(NotYours));
    assert_eq!(clients.claim(org, "a", by(2, Some(&other))), Err(NotYours));
}

#[test]
fn only_the_holder_releases() {
    let clients = Clients::default();
    assert_eq!(claim(&clients, OrgId(1), "a", 1), None);
    assert_eq!(claim(&clients, OrgId(2), "a", 2), None);
    assert_eq!(claim(&clients, OrgId(1), "a", 3), Some(who(1)));
    clients.release(OrgId(1), "a", who(1));
    assert_eq!(clients.count(), 2);
    clients.release(OrgId(1), "a", who(3));
    clients.release(OrgId(2), "a", who(2));
    assert_eq!(clients.count(), 0);
}

#[test]
fn a_session_waits_for_its_client_and_ends_once() {
    let (clients, org) = (Clients::default(), OrgId(1));
    claim(&clients, org, "a", 1);
    let session = clients.number();
    assert!(clients.begin(org, "a", session, 1));
    let received = std::iter::once(PacketId::FIRST).collect();
    clients.park(org, "a", session, Parked { received, ..Parked::default() });
    clients.release(org, "a", who(1));
    assert_eq!((clients.count(), clients.sessions()), (0, 1));
    claim(&clients, org, "b", 2);
    assert!(!clients.begin(org, "b", clients.number(), 1), "there are enough");
    claim(&clients, org, "a", 3);
    let found = clients.resume(org, "a").unwrap();
    assert_eq!((found.session, found.parked.received.len(), found.own), (session, 1, true));
    assert!(matches!(clients.end(org, "a", session, true), Ended::GoesOn));
    clients.release(org, "a", who(3));
    assert!(matches!(clients.end(org, "a", session, true), Ended::Left(_)));
    assert!(matches!(clients.end(org, "a", session, true), Ended::Unknown));
    assert_eq!(clients.sessions(), 0);
}

/// What a client finds of the session before, and that the log does not know of its end.
#[test]
fn a_session_that_does_not_go_on_is_noted_as_ending() {
    let (clients, org) = (Clients::default(), OrgId(1));
    let client = ClientRef { org, client_id: "a" };
    let left = |session| {
        assert!(clients.begin(org, "a", session, 9));
        clients.park(org, "a", session, Parked::default());
    };
    claim(&clients, org, "a", 1);
    assert!(matches!(clients.earlier(client, false), Earlier::Nothing));
    left(SessionNo(7));
    assert!(matches!(clients.earlier(client, false), Earlier::GoesOn(SessionNo(7), _)));
    assert_eq!(clients.ending(org, "a"), None);
    assert!(matches!(clients.earlier(client, true), Earlier::EndsNow(SessionNo(7), _)));
    assert_eq!((clients.ending(org, "a"), clients.sessions()), (Some(SessionNo(7)), 0));
    assert!(matches!(clients.earlier(client, true), Earlier::HasEnded(SessionNo(7))));
    clients.forget_ending(client, SessionNo(7));
    assert!(matches!(clients.earlier(client, true), Earlier::Nothing));
    // One of another account ends as well.
    left(SessionNo(8));
    let account = Arc::from("a");
    let by = Claimant { connection: who(2), account: Some(&account), reserved: true };
    clients.claim(org, "a", by).unwrap();
    assert!(matches!(clients.earlier(client, false), Earlier::EndsNow(SessionNo(8), _)));
}

#[test]
fn a_session_expires_unless_its_client_is_back() {
    let (clients, org, session) = (Clients::default(), OrgId(1), SessionNo(7));
    let client = ClientRef { org, client_id: "a" };
    claim(&clients, org, "a", 1);
    assert!(clients.begin(org, "a", session, 1));
    assert!(matches!(clients.expire(client, session), Ended::GoesOn));
    assert_eq!(clients.ending(org, "a"), None);
    clients.release(org, "a", who(1));
    assert!(matches!(clients.expire(client, session), Ended::Left(_)));
    assert_eq!(clients.ending(org, "a"), Some(session));
    assert!(matches!(clients.expire(client, session), Ended::Unknown), "it was there for its will");
    assert_eq!(clients.ending(org, "a"), Some(session));
}
