//! Where messages go, as one core knows it: the routes it remembers, whose turn it is in each share, the
//! rights in use, and what is on its way to other cores and to the fold of the retained messages.
//!
//! It knows addresses, filters and rights; no connection and no output. The folder has what it works on:
//! the subscription tree, routes and shares, retained messages and the walks over them.

mod audiences;
pub(crate) mod batch;
mod outbox;
pub(crate) mod policy;
pub(crate) mod retained;
pub(crate) mod route;
pub(crate) mod tree;
mod unfolded;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fabric::{Place, Resolved};
use uns_model::{Kept, OrgId, Sequence};

use crate::access::Access;
use crate::broker::Broker;
use crate::gate::OwedTo;
use crate::key::{Address, CoreNo};
use crate::message::Message;
use audiences::Audiences;
use batch::Batch;
pub(crate) use outbox::Chosen;
use outbox::Outbox;
use policy::{Grants, Policies, PolicyNo};
use retained::{Content, RetainedMessages};
use route::{Matching, Owed, Remote, Route, RouteCache, Shares, Subject};
use tree::{Holder, Subscriber};
use unfolded::Unfolded;

/// The routing state of one core.
#[derive(Debug)]
pub(crate) struct Routing<N> {
    core: CoreNo,
    broker: Arc<Broker>,
    routes: RouteCache<N>,
    shares: Shares,
    policies: Policies,
    /// By core.
    outboxes: Vec<Outbox>,
    audiences: Audiences,
    unfolded: Unfolded,
    /// The last number given to walks that wait for the log.
    walks: u64,
}

/// What the owner of a topic says it is.
#[derive(Debug)]
pub(crate) struct Resolution<N> {
    pub(crate) node: Resolved<N>,
    /// The topic's string, where it is kept anyway.
    pub(crate) name: Option<Arc<str>>,
    /// The owner's number of room, asked before the topic was resolved: room that is made meanwhile
    /// makes the route stale.
    pub(crate) room: u64,
}

/// A topic to be routed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopicRef<'a> {
    pub(crate) org: OrgId,
    pub(crate) topic: &'a str,
}

impl<N: Clone> Routing<N> {
    pub(crate) fn new(core: CoreNo, broker: Arc<Broker>) -> Self {
        Self {
            core,
            routes: RouteCache::new(broker.config.routes_max),
            shares: Shares::default(),
            policies: Policies::default(),
            outboxes: std::iter::repeat_with(Outbox::default).take(broker.cores().into()).collect(),
            audiences: Audiences::default(),
            unfolded: Unfolded::new(broker.config.unfolded_bytes_max),
            walks: 0,
            broker,
        }
    }

    /// The route of a topic that is remembered, current or not.
    pub(crate) fn known(&mut self, org: OrgId, topic: &str) -> Option<Rc<Route<N>>> {
        self.routes.get(org, topic)
    }

    /// Whether many topics that were asked for lately have no route yet.
    pub(crate) fn is_unfamiliar(&self) -> bool {
        self.routes.is_unfamiliar()
    }

    /// The topics that are remembered, in no order.
    pub(crate) fn topics(&self, org: OrgId) -> impl Iterator<Item = &str> {
        self.routes.topics(org)
    }

    /// Forgets all routes, as where memory is short.
    pub(crate) fn forget_routes(&mut self) {
        self.routes = RouteCache::new(self.broker.config.routes_max);
    }

    /// Whether no change of subscriptions since could have matched the topic of a route.
    #[inline]
    pub(crate) fn is_match_current(&self, route: &Route<N>) -> bool {
        let tree = &self.broker.subscriptions;
        route.stamp.as_ref().is_some_and(|stamp| tree.is_current(stamp))
    }

    /// A route under the present subscriptions. What does not depend on them is taken over from the one
    /// that is known. With `lasting` it may be remembered.
    pub(crate) fn build(
        &mut self,
        of: TopicRef<'_>,
        resolution: Resolution<N>,
        known: Option<&Route<N>>,
        lasting: bool,
    ) -> Rc<Route<N>> {
        let TopicRef { org, topic } = of;
        let tree = &self.broker.subscriptions;
        // Before the topic is matched, and before it is seen under which policies.
        let stamp = match known.and_then(|route| route.stamp.as_ref()) {
            Some(stamp) => Some(tree.stamp_again(stamp)),
            None if lasting && self.routes.wants(org, topic) => Some(tree.stamp(org, topic)),
            None => None,
        };
        let epoch = self.broker.policy_epoch();
        let granted = known.map(|route| &route.grants).filter(|grants| grants.is_of(epoch));
        let Resolution { node, name, room } = resolution;
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
        Rc::new(Route::build(&mut matching, subject))
    }

    /// Remembers a route, if it lasts.
    pub(crate) fn remember(&mut self, org: OrgId, route: &Rc<Route<N>>) {
        if route.stamp.is_some() {
            self.routes.insert(org, Rc::clone(route));
        }
    }

    /// Whether a publish has to wait for another core, or for a receiver that is behind.
    #[inline]
    pub(crate) fn must_wait(&self, route: &Route<N>, publisher: Option<Address>) -> bool {
        if route.is_never_awaited() {
            return false;
        }
        let high = self.broker.config.batch_bytes_high;
        let is_full = |core: CoreNo| {
            self.outboxes.get(core.index()).is_some_and(|outbox| outbox.bytes() > high)
        };
        route.cores(self.core).any(is_full)
            || self.broker.congestion.is_any() && route.is_congested(publisher)
    }

    /// Hands a message over to receivers on another core.
    pub(crate) fn hand_over(
        &mut self,
        message: &Message<'_>,
        remote: &Remote,
        chosen: Option<Chosen<'_>>,
    ) {
        if let Some(outbox) = self.outboxes.get_mut(remote.core.index()) {
            outbox.push(message, remote, chosen);
        }
    }

    /// A record of the open batch is owed to these.
    pub(crate) fn owe<'a>(&mut self, place: Place, owed: &'a Owed) -> OwedTo<'a> {
        self.audiences.owe(place, owed)
    }

    /// The open batch was handed to the log.
    pub(crate) fn begin_batch(&mut self) {
        self.audiences.begin_batch();
    }

    /// How much waits for another core.
    pub(crate) fn outbox_bytes(&self, core: CoreNo) -> usize {
        self.outboxes.get(core.index()).map_or(0, Outbox::bytes)
    }

    /// Takes what waits for another core, in exchange for an empty batch.
    pub(crate) fn take_batch(&mut self, core: CoreNo, empty: Batch) -> Batch {
        match self.outboxes.get_mut(core.index()) {
            Some(outbox) => outbox.take(empty),
            None => empty,
        }
    }

    /// A connection has these rights from now on.
    pub(crate) fn register_rights(&mut self, access: &Arc<dyn Access>) -> PolicyNo {
        self.policies.register(access)
    }

    /// A connection that had these rights has them no more.
    pub(crate) fn unregister_rights(&mut self, access: &Arc<dyn Access>) {
        self.policies.unregister(access);
    }

    /// The numbers of rights that were revoked.
    pub(crate) fn revoked_rights(&self) -> Vec<PolicyNo> {
        self.policies.revoked()
    }

    pub(crate) fn retained(&self) -> &RetainedMessages {
        &self.broker.retained
    }

    /// Adds or replaces a subscription of a client under its names.
    pub(crate) fn subscribe(
        &self,
        org: OrgId,
        filter: &str,
        holders: &[Holder],
        subscriber: &Subscriber,
    ) {
        self.broker.subscriptions.insert(org, filter, holders, subscriber);
    }

    /// Removes subscriptions of a client under its names.
    pub(crate) fn unsubscribe<'a>(
        &self,
        org: OrgId,
        filters: impl Iterator<Item = &'a str>,
        holders: &[Holder],
    ) {
        self.broker.subscriptions.remove(org, filters, holders);
    }

    /// Retains a message that is not logged.
    pub(crate) fn retain(
        &self,
        now: Duration,
        org: OrgId,
        message: &Message<'_>,
        route: &Route<N>,
    ) {
        if message.payload.is_empty() {
            return self.broker.retained.clear(org, message.topic);
        }
        let expires = message.expiry.map(|s| now + Duration::from_secs(u64::from(s)));
        let Message { topic, qos, expiry, properties, payload, .. } = *message;
        let kept = Kept::new(qos, expiry, properties, payload);
        let name = || Arc::clone(&route.topic);
        self.broker.retained.keep(org, topic, name, Content { expires, kept });
    }

    /// The number of walks that begin when the log has decided about what was handed to it so far.
    pub(crate) fn next_walk(&mut self) -> u64 {
        self.walks += 1;
        self.walks
    }

    /// The last number given to a walk.
    pub(crate) fn last_walk(&self) -> u64 {
        self.walks
    }

    /// Whether as much as may be is on its way to the fold of what takes memory for good.
    #[inline]
    pub(crate) fn is_unfolded_full(&self) -> bool {
        self.unfolded.is_full()
    }

    /// So much that takes memory for good once it is folded is on its way; whether the log is to be
    /// asked now how far it is.
    pub(crate) fn add_unfolded(&mut self, bytes: usize) -> bool {
        self.unfolded.add(bytes)
    }

    /// The log has decided about those it was asked for.
    pub(crate) fn decide_unfolded(&mut self, committed: Sequence) {
        self.unfolded.decided(committed);
    }

    /// Whether the fold has taken some of it, and if so, whether the log is to be asked again.
    pub(crate) fn take_folded(&mut self) -> Option<bool> {
        let retained = &self.broker.retained;
        let taken = self.unfolded.take(|sequence| retained.has_applied(sequence));
        taken.then(|| self.unfolded.ask())
    }
}
