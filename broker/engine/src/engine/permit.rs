//! What a client may publish and receive (TRAP-31): asked of its rights, remembered in the routes.

use std::rc::Rc;

use broker_codec::{ReasonCode, shared};

use super::{Engine, Now};
use crate::access::{Action, Coverage};
use crate::dead::subjects;
use crate::gate::{Gate, Rejection};
use crate::key::Key;
use crate::login::{Identity, may_publish};
use crate::route::Route;

/// What a client without the right is told.
const NO_RIGHT: &str = "its log-in has no right to publish to this topic";

/// No rights to this.
fn not_authorized(detail: &str) -> Rejection {
    Rejection::new(ReasonCode::NotAuthorized, "not_authorized", detail)
}

impl<G: Gate> Engine<G> {
    /// The connection turned out to be this one, with these rights.
    pub(super) fn identify(&mut self, key: Key, identity: Identity) {
        let policy = self.policies.enter(&identity.access);
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.org = identity.org;
        connection.policy = policy;
        connection.last_route = None;
        connection.outbound.link.set_access(&identity.access);
        if let Some(before) = connection.identity.replace(identity) {
            self.policies.leave(&before.access);
        }
    }

    /// Its rights are in use no more.
    pub(super) fn forget_identity(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if let Some(identity) = connection.identity.take() {
            self.policies.leave(&identity.access);
        }
    }

    /// Where a client's publish goes, if it may go there. A topic that a client has no right to is
    /// resolved by nobody: no node comes into being, no route is remembered.
    pub(super) fn permitted_route(
        &mut self,
        key: Key,
        topic: &str,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        let generation = self.broker.subscriptions.generation();
        let Some(connection) = self.connections.get_mut(key) else {
            return Err(not_authorized("the client is gone"));
        };
        let (org, policy) = (connection.org, connection.policy);
        let known = self.routes.get(org, topic).filter(|route| route.grants.has(policy));
        if let Some(route) = &known
            && route.generation == generation
        {
            connection.last_route = Some(Rc::clone(route));
            return Ok(Rc::clone(route));
        }
        let epoch = self.broker.policy_epoch();
        let known = known.is_some_and(|route| route.grants.is_of(epoch));
        let permits = || may_publish(connection.identity.as_ref(), topic);
        if !known && !self.alone.run(permits) {
            self.desk.stats.denied += 1;
            self.desk.stats.denied_publishes += 1;
            return Err(not_authorized(NO_RIGHT));
        }
        let route = match self.client_route(org, topic) {
            Ok(route) => route,
            Err(rejection) => return Err(self.hidden(key, rejection)),
        };
        // Rights may change between question and answer, and the route is of the policies that hold
        // after it: what was answered under others is asked again next time.
        if route.grants.is_of(epoch) {
            route.grants.add(policy);
            if let Some(connection) = self.connections.get_mut(key) {
                connection.last_route = Some(Rc::clone(&route));
            }
        }
        Ok(route)
    }

    /// A refusal that tells of a topic its client may not read reads like that of a topic it has no
    /// right to: nothing tells what is denied from what does not exist.
    fn hidden(&self, key: Key, rejection: Rejection) -> Rejection {
        let identity = self.connections.get(key).and_then(|c| c.identity.as_ref());
        let may_hear = |topic: &str| {
            identity.is_some_and(|identity| identity.access.allows(Action::Receive, topic))
        };
        match &rejection.names {
            Some(other) if !self.alone.run(|| may_hear(other)) => not_authorized(NO_RIGHT),
            Some(_) | None => rejection,
        }
    }

    /// Whether a subscription would bring its client anything. What it has no right to is left out
    /// later, when routes are built and retained messages walked.
    pub(super) fn check_subscribe(&mut self, key: Key, filter: &str) -> Result<(), ReasonCode> {
        let identity = self.connections.get(key).and_then(|c| c.identity.as_ref());
        let inner = shared(filter).map_or(filter, |(_, inner)| inner);
        let covers = |identity: &Identity| identity.access.covers(subjects(inner));
        match self.alone.run(|| identity.map_or(Coverage::None, covers)) {
            Coverage::None => {
                self.desk.stats.denied += 1;
                Err(ReasonCode::NotAuthorized)
            }
            Coverage::Part | Coverage::All => Ok(()),
        }
    }

    /// Ends the connections of those who lost the right to one.
    pub(super) fn end_revoked(&mut self, now: Now) {
        let revoked = self.policies.revoked();
        if revoked.is_empty() {
            return;
        }
        let of = |(_, connection): &(Key, &crate::connection::Connection<G::Node>)| {
            connection.identity.is_some() && revoked.contains(&connection.policy)
        };
        let keys: Vec<_> = self.connections.iter().filter(of).map(|(key, _)| key).collect();
        for key in keys {
            // CONNACK has no code for an act of administration.
            let up = self.is_up(key);
            let reason =
                if up { ReasonCode::AdministrativeAction } else { ReasonCode::NotAuthorized };
            self.fail(now, key, reason);
        }
    }
}
