//! Where publishes to a topic go: node and matched receivers, remembered per core until a
//! subscription changes that could match the topic. UNS topics repeat, so a publish costs one hash
//! look-up, or none when a client publishes to its last topic again.
//!
//! A publish takes three steps, between which the route must not be used for another one:
//! [`Route::choose`] picks a member of every matching share, [`Route::owed`] names the logged
//! sessions the message is owed to, and the engine's `deliver` serves everybody else.

mod merge;
mod owed;
mod receivers;
mod rights;
mod share;
mod table;

use std::rc::Rc;
use std::sync::Arc;

use fabric::Resolved;
use uns_model::{OrgId, SessionNo};

use crate::key::{Address, CoreNo};
use crate::routing::policy::Grants;
use crate::routing::tree::{Holder, Link, Matched, Stamp, Subscriber, Subscriptions};
pub(crate) use merge::{Audience, Target};
use merge::{merge, targets};
pub(crate) use owed::Owed;
use owed::OwedSessions;
pub(crate) use receivers::{Receivers, Remote};
use rights::ReceiveRights;
pub(crate) use share::{Share, Shares, Turn};
pub(crate) use table::RouteCache;

/// What is known of a topic.
#[derive(Debug)]
pub(crate) struct Route<N> {
    /// From when it is; none if it is for one publish only.
    pub(crate) stamp: Option<Stamp>,
    pub(crate) topic: Arc<str>,
    pub(crate) node: Resolved<N>,
    /// The gate's number of room when it was resolved.
    pub(crate) room: u64,
    /// Who may publish to it.
    pub(crate) grants: Grants,
    pub(crate) local: Box<[Target]>,
    pub(crate) remote: Box<[Remote]>,
    /// One member of each gets the message.
    pub(crate) shares: Box<[Rc<Share>]>,
    /// Few topics are owed to anybody.
    sessions: Option<Box<OwedSessions>>,
    links: Box<[(Address, Arc<Link>)]>,
}

/// What a topic is, whoever subscribes to it.
#[derive(Debug)]
pub(crate) struct Subject<N> {
    pub(crate) org: OrgId,
    pub(crate) topic: Arc<str>,
    pub(crate) node: Resolved<N>,
    /// Asked before it was resolved.
    pub(crate) room: u64,
    pub(crate) grants: Grants,
    /// Taken before the topic is matched.
    pub(crate) stamp: Option<Stamp>,
}

/// What topics are matched with.
#[derive(Debug)]
pub(crate) struct Matching<'a> {
    pub(crate) tree: &'a Subscriptions,
    /// The core's, where rounds go on from route to route.
    pub(crate) shares: &'a mut Shares,
    pub(crate) core: CoreNo,
    /// Those the topic had before, where rounds of its own go on.
    pub(crate) before: &'a [Rc<Share>],
}

/// All that matches a topic, by receiver; those left out who may not receive it.
#[derive(Default)]
struct Matches {
    connections: Vec<(Address, Subscriber)>,
    sessions: Vec<(SessionNo, Subscriber)>,
    shares: Vec<Rc<Share>>,
}

impl Matching<'_> {
    fn matches(&mut self, org: OrgId, topic: &str) -> Matches {
        let mut found = Matches::default();
        let mut rights = ReceiveRights::new(topic);
        let Self { tree, shares, before, .. } = self;
        tree.matches(org, topic, &mut |matched| match matched {
            Matched::One(_, subscriber) if !rights.may_receive(subscriber) => {}
            Matched::One(Holder::Connection(who), subscriber) => {
                found.connections.push((who, subscriber.clone()));
            }
            Matched::One(Holder::Session(_), subscriber) if subscriber.wish.qos == 0 => {}
            Matched::One(Holder::Session(who), subscriber) => {
                found.sessions.push((who, subscriber.clone()));
            }
            Matched::Group(group) => found.shares.push(shares.get(group, before, &mut rights)),
        });
        found.connections.sort_by_key(|(who, _)| *who);
        found.sessions.sort_by_key(|(who, _)| *who);
        found
    }
}

impl<N> Route<N> {
    /// Matches a topic.
    pub(crate) fn build(matching: &mut Matching<'_>, subject: Subject<N>) -> Self {
        let Subject { org, topic, node, room, grants, stamp } = subject;
        let found = matching.matches(org, &topic);
        let mut local = Vec::new();
        let mut remote: Vec<(CoreNo, Vec<Target>)> = Vec::new();
        let mut links = Vec::new();
        for subscriptions in found.connections.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((who, first)) = subscriptions.first() else { continue };
            links.extend(first.link.as_ref().map(|link| (*who, Arc::clone(link))));
            let targets = targets(who.key, subscriptions);
            match remote.last_mut() {
                _ if who.core == matching.core => local.extend(targets),
                Some((core, list)) if *core == who.core => list.extend(targets),
                _ => remote.push((who.core, targets.collect())),
            }
        }
        Self {
            stamp,
            topic,
            node,
            room,
            grants,
            local: local.into_boxed_slice(),
            remote: remote.into_iter().map(|(core, list)| Remote::new(core, list)).collect(),
            shares: found.shares.into(),
            sessions: OwedSessions::new(&found.sessions).map(Box::new),
            links: links.into_boxed_slice(),
        }
    }

    /// Whether a message of it is delivered to nobody, be it live or as the member of a share.
    #[inline]
    pub(crate) fn is_silent(&self) -> bool {
        self.local.is_empty() && self.remote.is_empty() && self.shares.is_empty()
    }

    /// Whether no receiver and no other core can be what a publish has to wait for.
    #[inline]
    pub(crate) fn is_never_awaited(&self) -> bool {
        self.links.is_empty() && self.remote.is_empty() && self.shares.is_empty()
    }

    /// Whether a receiver other than the publisher is behind and worth waiting for; of a share, all
    /// that are connected.
    pub(crate) fn is_congested(&self, publisher: Option<Address>) -> bool {
        self.links.iter().any(|(who, link)| link.is_congested() && Some(*who) != publisher)
            || self.shares.iter().any(|share| share.is_congested())
    }

    /// Every other core a publish may go to; some twice.
    pub(crate) fn cores(&self, here: CoreNo) -> impl Iterator<Item = CoreNo> {
        let shared = self.shares.iter().flat_map(|share| share.cores());
        self.remote.iter().map(|remote| remote.core).chain(shared.filter(move |core| *core != here))
    }

    /// Picks a member of every share for a message of this QoS.
    #[inline]
    pub(crate) fn choose(&self, qos: u8) {
        for share in &self.shares {
            share.choose(qos);
        }
    }

    /// The message that members were chosen for was not taken: it is their turn again.
    #[cold]
    pub(crate) fn return_turns(&self) {
        for share in &self.shares {
            share.return_turn();
        }
    }

    /// Whether [`Route::owed`] may find somebody.
    #[inline]
    pub(crate) fn may_owe(&self) -> bool {
        !self.shares.is_empty() || self.sessions.is_some()
    }

    /// Whether a message of QoS 1 or 2 would be owed to a session whose client is not there.
    pub(crate) fn may_owe_absent(&self) -> bool {
        let fed = |targets: &[Target]| {
            let fed: Vec<_> = targets.iter().filter(|t| t.ledger).map(|t| t.key).collect();
            // Those of one connection are neighbours.
            fed.chunk_by(|a, b| a == b).count()
        };
        let remote: usize = self.remote.iter().map(|remote| fed(&remote.targets)).sum();
        let sessions = self.sessions.as_ref().map_or(0, |sessions| sessions.len());
        sessions > fed(&self.local) + remote
    }

    /// The audiences a message of this QoS is owed to: that of the subscriptions, if there is one,
    /// and one of a single member for every share whose chosen member is a durable session, or a
    /// connection from which durable sessions may have to take over. Everything of QoS 0 and everybody
    /// without a durable session is delivered live instead.
    ///
    /// `own` is the publisher's durable session, which does not get what No Local keeps from it.
    #[inline]
    pub(crate) fn owed(&self, qos: u8, own: Option<SessionNo>) -> impl Iterator<Item = Rc<Owed>> {
        let shared = self.shares.iter().filter_map(move |share| share.owed(qos));
        let owed = self.sessions.as_ref().and_then(|sessions| sessions.owed(qos, own));
        owed.into_iter().chain(shared)
    }
}

#[cfg(test)]
mod tests;
