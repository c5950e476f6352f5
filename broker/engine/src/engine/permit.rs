//! What a client may publish and receive (TRAP-31): asked of its rights, remembered in the routes.

use std::rc::Rc;

use broker_codec::ReasonCode;
use fabric::Rejection;
use uns_model::{NO_RIGHT_TO_PUBLISH, Reason};

use super::Engine;
use crate::access::Coverage;
use crate::dead_letter::subjects;
use crate::gate::Gate;
use crate::key::Key;
use crate::login::{Identity, may_publish};
use crate::now::Now;
use crate::routing::TopicRef;
use crate::routing::route::Route;
use crate::sessions::connection::Connection;

/// No rights to this.
fn not_authorized(detail: &str) -> Rejection {
    Rejection::new(Reason::NotAuthorized, detail)
}

impl<G: Gate> Engine<G> {
    /// The connection turned out to be this one, with these rights.
    pub(super) fn identify(&mut self, key: Key, identity: Identity) {
        let policy = self.routing.register_rights(&identity.access);
        let Some(connection) = self.sessions.get_mut(key) else { return };
        connection.org = identity.org;
        connection.log_in.policy = policy;
        connection.last_route = None;
        if let Some(client) = self.outbound.get(key) {
            client.link.set_access(&identity.access);
        }
        if let Some(before) = connection.log_in.identity.replace(identity) {
            self.routing.unregister_rights(&before.access);
        }
    }

    /// Its rights are in use no more.
    pub(super) fn forget_identity(&mut self, key: Key) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        if let Some(identity) = connection.log_in.identity.take() {
            self.routing.unregister_rights(&identity.access);
        }
    }

    /// Where a client's publish goes, if it may go there. A topic that a client has no right to is
    /// resolved by nobody: no node comes into being, no route is remembered.
    pub(super) fn permitted_route(
        &mut self,
        key: Key,
        topic: &str,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        let Some(connection) = self.sessions.get(key) else {
            return Err(not_authorized("the client is gone"));
        };
        let (org, policy) = (connection.org, connection.log_in.policy);
        let known = self.routing.known(org, topic);
        let granted = known.as_ref().filter(|route| route.grants.has(policy));
        if let Some(route) = granted.filter(|route| self.is_current(route)) {
            let route = Rc::clone(route);
            self.note_last(key, &route);
            return Ok(route);
        }
        let epoch = self.broker.policy_epoch();
        let granted = granted.is_some_and(|route| route.grants.is_of(epoch));
        let permits = || may_publish(connection.log_in.identity.as_ref(), topic);
        if !granted && !self.panic_scope.run(permits) {
            return Err(self.deny_publish());
        }
        let route = match known {
            Some(route) if self.is_current(&route) => route,
            known => self.client_route(key, TopicRef { org, topic }, known.as_deref())?,
        };
        // Rights may change between question and answer, and the route is of the policies that hold
        // after it: what was answered under others is asked again next time.
        if route.grants.is_of(epoch) {
            route.grants.add(policy);
            self.note_last(key, &route);
        }
        Ok(route)
    }

    /// The route of the topic that the client published to last, if it lasts.
    fn note_last(&mut self, key: Key, route: &Rc<Route<G::Node>>) {
        if let Some(connection) = self.sessions.get_mut(key)
            && route.stamp.is_some()
        {
            connection.last_route = Some(Rc::clone(route));
        }
    }

    /// Refuses, and counts, a publish without the right to its topic.
    pub(super) fn deny_publish(&mut self) -> Rejection {
        self.stats.denied += 1;
        self.stats.denied_publishes += 1;
        not_authorized(NO_RIGHT_TO_PUBLISH)
    }

    /// Whether a subscription would bring its client anything. What it has no right to is left out
    /// later, when routes are built and retained messages walked.
    pub(super) fn check_subscribe(&mut self, key: Key, filter: &str) -> Result<(), ReasonCode> {
        let identity = self.sessions.get(key).and_then(|c| c.log_in.identity.as_ref());
        let covers = |identity: &Identity| identity.access.covers(subjects(filter));
        match self.panic_scope.run(|| identity.map_or(Coverage::None, covers)) {
            Coverage::None => {
                self.stats.denied += 1;
                Err(ReasonCode::NotAuthorized)
            }
            Coverage::Part | Coverage::All => Ok(()),
        }
    }

    /// Ends the connections of those who lost the right to one.
    pub(super) fn end_revoked(&mut self, now: Now) {
        let revoked = self.routing.revoked_rights();
        if revoked.is_empty() {
            return;
        }
        let of = |(_, connection): &(Key, &Connection<G::Node>)| {
            connection.log_in.identity.is_some() && revoked.contains(&connection.log_in.policy)
        };
        let keys: Vec<_> = self.sessions.iter().filter(of).map(|(key, _)| key).collect();
        for key in keys {
            // CONNACK has no code for an act of administration.
            let up = self.is_up(key);
            let reason =
                if up { ReasonCode::AdministrativeAction } else { ReasonCode::NotAuthorized };
            self.fail(now, key, reason);
        }
    }
}
