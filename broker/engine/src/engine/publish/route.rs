//! Where a topic leads, and whether a publish to it has to wait.

use std::rc::Rc;

use broker_codec::Publish;
use fabric::{Rejection, Resolved};
use uns_model::{OrgId, Plane, Reason};

use super::author::{Author, Rights};
use crate::engine::Engine;
use crate::engine::receive::Step;
use crate::gate::Gate;
use crate::key::Key;
use crate::policy::Grants;
use crate::route::Route;

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
    /// Where a client's topic leads. Whether this client may publish there is another question.
    pub(in crate::engine) fn client_route(
        &mut self,
        key: Key,
        (org, topic): (OrgId, &str),
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        self.route(org, topic, Author::Client(Rights::Connection(key)))
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
        let generation = self.broker.subscriptions.generation();
        let epoch = self.broker.policy_epoch();
        let known = self.routes.get(org, topic);
        if let Some(route) = &known
            && route.generation == generation
        {
            return Ok(Rc::clone(route));
        }
        let grants = known.map(|route| route.grants.clone()).filter(|grants| grants.is_of(epoch));
        let node = match author {
            Author::Fabric => Resolved::Plain,
            Author::Client(rights) => {
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
                resolved
            }
        };
        let tree = &self.broker.subscriptions;
        let name = match &node {
            Resolved::Node(node) => G::name(node),
            Resolved::Guarded | Resolved::Plain => None,
        };
        let name = name.unwrap_or_else(|| topic.into());
        let mut route = Route::build((tree, &mut self.shares, self.core), org, name, node);
        route.grants = grants.unwrap_or_else(|| Grants::new(epoch));
        let route = Rc::new(route);
        if matches!(author, Author::Client(_)) && !self.desk.pressure.is_short() {
            self.routes.insert(org, Rc::clone(&route));
        }
        Ok(route)
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
