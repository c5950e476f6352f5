//! Where a topic leads, and whether a publish to it has to wait.

use std::rc::Rc;

use broker_codec::Publish;
use fabric::{Rejection, Resolved};
use uns_model::{Plane, Reason};

use super::origin::{Author, RightsOf};
use crate::engine::Engine;
use crate::engine::step::Step;
use crate::gate::Gate;
use crate::key::Key;
use crate::routing::route::Route;
use crate::routing::{Resolution, TopicRef};

/// What of a publish decides whether it has to wait.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Asked<'a> {
    pub(in crate::engine) qos: u8,
    pub(in crate::engine) retain: bool,
    pub(in crate::engine) payload: &'a [u8],
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
        self.routing.is_match_current(route) && self.leads_there_still(route)
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
        of: TopicRef<'_>,
        known: Option<&Route<G::Node>>,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        self.new_route(of, Author::Client(RightsOf::Connection(key)), known)
    }

    /// Where a topic leads under the present subscriptions.
    pub(in crate::engine) fn route(
        &mut self,
        of: TopicRef<'_>,
        author: Author<'_>,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        match self.routing.known(of.org, of.topic) {
            Some(route) if self.is_current(&route) => Ok(route),
            known => self.new_route(of, author, known.as_deref()),
        }
    }

    fn new_route(
        &mut self,
        of: TopicRef<'_>,
        author: Author<'_>,
        known: Option<&Route<G::Node>>,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        let room = self.gate.room();
        let node = match (author, known) {
            (_, Some(Route { node: Resolved::Node(node), .. })) if !G::is_gone(node) => {
                Resolved::Node(node.clone())
            }
            (Author::Fabric, _) => Resolved::Plain,
            (Author::Client(rights), _) => self.resolve(of, rights)?,
        };
        let name = match &node {
            Resolved::Node(node) => G::name(node),
            Resolved::Guarded | Resolved::Plain => None,
        };
        let lasting = matches!(author, Author::Client(_));
        let route = self.routing.build(of, Resolution { node, name, room }, known, lasting);
        if lasting && !self.pressure.is_short() {
            self.routing.remember(of.org, &route);
        }
        Ok(route)
    }

    /// What a topic is to a client.
    fn resolve(
        &mut self,
        of: TopicRef<'_>,
        rights: RightsOf<'_>,
    ) -> Result<Resolved<G::Node>, Rejection> {
        let TopicRef { org, topic } = of;
        let max = self.broker.config.levels_max;
        if topic.split('/').take(max + 1).count() > max {
            let detail = format!("the topic has more than {max} levels");
            return Err(Rejection::new(Reason::TopicInvalid, detail));
        }
        // Asked first, as it counts what it refuses.
        let resolved = self.gate.resolve(org, topic, rights.resolve(&self.sessions))?;
        if Plane::of(topic) == Plane::Fabric {
            let detail = "topics below `$SYS`, `$uns` and their like are the broker's own";
            return Err(Rejection::new(Reason::NotAuthorized, detail));
        }
        Ok(resolved)
    }

    /// Whether a publish has to wait: for the log, for the fold, for another core, or for a receiver
    /// that is behind.
    #[inline]
    pub(in crate::engine) fn must_wait(
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
        if self.commits.is_full(&self.broker.config) && logged() {
            return true;
        }
        if self.routing.is_unfolded_full()
            && (Self::retains(route, retain) || Self::grows(route, payload))
        {
            return true;
        }
        self.routing.must_wait(route, publisher.map(|key| self.address(key)))
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

    /// Nothing is read from a connection until there is room again.
    pub(in crate::engine) fn pause(&mut self, key: Key) -> Step {
        self.sessions.pause(key);
        self.stats.stalls += 1;
        Step::Wait
    }
}
