//! Where a topic leads, and whether a publish to it has to wait.

use std::rc::Rc;
use std::sync::Arc;

use broker_codec::Publish;
use fabric::{Rejection, Resolved};
use uns_model::{OrgId, Plane, Reason};

use super::author::{Author, Rights};
use crate::engine::Engine;
use crate::engine::receive::Step;
use crate::gate::Gate;
use crate::key::Key;
use crate::policy::Grants;
use crate::route::{Matching, Route, Subject};

/// What of a publish decides whether it has to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) payload: &'a [u8],
}

impl<'a> Asked<'a> {
    pub(super) fn of(publish: &Publish<'a>) -> Self {
        Self { qos: publish.qos.level(), retain: publish.retain, payload: publish.payload }
    }
}

impl<G: Gate> Engine<G> {
    /// Whether a route can be used as it is.
    #[inline]
    pub(in crate::engine) fn is_current(&self, route: &Route<G::Node>) -> bool {
        let current = |stamp| self.broker.subscriptions.is_current(stamp);
        route.stamp.as_ref().is_some_and(current) && self.leads_there_still(route)
    }

    /// Whether its topic need not be resolved again: its node is there, or there is no more room for one
    /// than there was.
    #[inline]
    fn leads_there_still(&self, route: &Route<G::Node>) -> bool {
        match &route.node {
            Resolved::Node(node) => !G::is_gone(node),
            Resolved::Guarded => route.room == self.gate.room(),
            Resolved::Plain => true,
        }
    }

    /// Where a client's topic leads, of which a route may be known that is out of date. Whether this
    /// client may publish there is another question.
    pub(in crate::engine) fn client_route(
        &mut self,
        key: Key,
        (org, topic): (OrgId, &str),
        known: Option<&Route<G::Node>>,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        self.new_route((org, topic), Author::Client(Rights::Connection(key)), known)
    }

    /// Where a topic leads whoever publishes.
    pub(in crate::engine) fn broker_route(
        &mut self,
        org: OrgId,
        topic: &str,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        self.route(org, topic, Author::Fabric)
    }

    /// Where a topic leads under the present subscriptions.
    pub(super) fn route(
        &mut self,
        org: OrgId,
        topic: &str,
        author: Author<'_>,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        let known = self.routes.get(org, topic);
        match known {
            Some(route) if self.is_current(&route) => Ok(route),
            known => self.new_route((org, topic), author, known.as_deref()),
        }
    }

    /// A route under the present subscriptions. What does not depend on them is taken over from the
    /// one that is known.
    fn new_route(
        &mut self,
        (org, topic): (OrgId, &str),
        author: Author<'_>,
        known: Option<&Route<G::Node>>,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        // Before the topic is resolved: room that is made meanwhile makes the route stale.
        let room = self.gate.room();
        let node = match (author, known) {
            (_, Some(Route { node: Resolved::Node(node), .. })) if !G::is_gone(node) => {
                Resolved::Node(node.clone())
            }
            (Author::Fabric, _) => Resolved::Plain,
            (Author::Client(rights), _) => self.resolve((org, topic), rights)?,
        };
        let tree = &self.broker.subscriptions;
        let lasting = matches!(author, Author::Client(_));
        // Before the topic is matched, and before it is seen under which policies.
        let stamp = match known.and_then(|route| route.stamp.as_ref()) {
            Some(stamp) => Some(tree.stamp_again(stamp)),
            None if lasting && self.routes.wants(org, topic) => Some(tree.stamp(org, topic)),
            None => None,
        };
        let epoch = self.broker.policy_epoch();
        let granted = known.map(|route| &route.grants).filter(|grants| grants.is_of(epoch));
        let name = match &node {
            Resolved::Node(node) => G::name(node),
            Resolved::Guarded | Resolved::Plain => None,
        };
        let name = name.or_else(|| known.map(|route| Arc::clone(&route.topic)));
        let subject = Subject {
            org,
            topic: name.unwrap_or_else(|| topic.into()),
            node,
            room,
            grants: granted.cloned().unwrap_or_else(|| Grants::new(epoch)),
            stamp,
        };
        let before = known.map_or(&[][..], |route| &route.shares);
        let mut matching = Matching { tree, shares: &mut self.shares, core: self.core, before };
        let route = Rc::new(Route::build(&mut matching, subject));
        if lasting && route.stamp.is_some() && !self.desk.pressure.is_short() {
            self.routes.insert(org, Rc::clone(&route));
        }
        Ok(route)
    }

    /// What a topic is to a client.
    fn resolve(
        &mut self,
        (org, topic): (OrgId, &str),
        rights: Rights<'_>,
    ) -> Result<Resolved<G::Node>, Rejection> {
        let max = self.broker.config.levels_max;
        if topic.split('/').take(max + 1).count() > max {
            let detail = format!("the topic has more than {max} levels");
            return Err(Rejection::new(Reason::TopicInvalid, detail));
        }
        // Asked first, as it counts what it refuses.
        let connections = &self.connections;
        let may = |action, topic: &str| rights.may(connections, action, topic);
        let resolved = self.gate.resolve(org, topic, &may)?;
        if Plane::of(topic) == Plane::Fabric {
            let detail = "topics below `$SYS`, `$uns` and their like are the broker's own";
            return Err(Rejection::new(Reason::NotAuthorized, detail));
        }
        Ok(resolved)
    }

    /// Whether a publish has to wait: for the log, for the fold, for another core, or for a receiver
    /// that is behind.
    #[inline]
    pub(super) fn must_wait(
        &self,
        route: &Route<G::Node>,
        publisher: Option<Key>,
        asked: &Asked<'_>,
    ) -> bool {
        let Asked { qos, retain, payload } = *asked;
        let logged = || {
            let node = matches!(route.node, Resolved::Node(_));
            node || retain || (qos > 0 && route.may_owe())
        };
        if self.acks.is_full(&self.desk.config) && logged() {
            return true;
        }
        if self.unfolded.is_full() && (Self::retains(route, retain) || Self::grows(route, payload))
        {
            return true;
        }
        let high = self.desk.config.batch_bytes_high;
        let full =
            |core: usize| self.outboxes.get(core).is_some_and(|o| o.batch.bytes_len() > high);
        if route.cores(self.core).any(|core| full(core.index())) {
            return true;
        }
        let publisher = publisher.map(|key| self.address(key));
        self.broker.is_congested() && route.is_congested(publisher)
    }

    /// Whether a publish is retained, of which RETAIN says this.
    #[inline]
    pub(in crate::engine) fn retains(route: &Route<G::Node>, asked: bool) -> bool {
        match &route.node {
            Resolved::Node(node) => G::retains(node, asked),
            Resolved::Guarded | Resolved::Plain => asked,
        }
    }

    /// Whether a publish takes memory for good, beyond what the one before has.
    fn grows(route: &Route<G::Node>, payload: &[u8]) -> bool {
        matches!(&route.node, Resolved::Node(node) if G::growth(node, payload) > 0)
    }

    pub(in crate::engine) fn pause(&mut self, key: Key) -> Step {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.paused = true;
            self.paused.push(key);
            self.desk.stats.stalls += 1;
        }
        Step::Wait
    }
}
