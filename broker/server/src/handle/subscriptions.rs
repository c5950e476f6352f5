//! The operators' view: questions to every core, put together. Subscriptions and retained messages
//! are read where they are shared, on the thread of whoever asks.

mod sessions;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use broker_codec::shared;
use broker_engine::{
    Address, Broker, ClientInfo, ClientQuery, ClientScan, Holder, Matched, Shown, Stats, TopicName,
    TopicScan, Walk, Wish,
};
use tokio::sync::{mpsc, oneshot};
use uns_model::{Filter, OrgId};

use crate::Error;
use crate::handle::Handle;
use crate::worker::Order;

pub use sessions::{SessionInfo, SessionQuery};

/// Which subscriptions.
#[derive(Clone, Debug, Default)]
pub struct SubscriptionQuery {
    /// Of which organisation.
    pub org: OrgId,
    /// Whose.
    pub client_id: Option<String>,
    /// Exactly this filter.
    pub filter: Option<String>,
    /// Filters that match this topic.
    pub matches: Option<String>,
    /// Only those behind this one.
    pub after: Option<(Box<str>, Holder)>,
    /// At most so many.
    pub limit: usize,
    /// Only those somebody is shown.
    pub shown: Shown,
}

/// One subscription.
#[derive(Clone, Debug)]
pub struct SubscriptionInfo {
    /// The filter.
    pub filter: Box<str>,
    /// Under whose name it is.
    pub who: Holder,
    /// Its client id.
    pub client_id: Box<str>,
    /// What it asks for.
    pub wish: Wish,
}

/// Which topics.
#[derive(Clone, Debug)]
pub struct TopicQuery {
    /// Of which organisation.
    pub org: OrgId,
    /// Those the filter matches.
    pub filter: Filter,
    /// Only those with a retained message, or only those without.
    pub retained: Option<bool>,
    /// Only those behind this one.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
    /// Only those somebody is shown.
    pub shown: Shown,
}

/// One topic.
#[derive(Clone, Debug)]
pub struct TopicInfo {
    /// Its name.
    pub topic: Box<str>,
    /// The size of its retained payload.
    pub retained_bytes: Option<usize>,
    /// How many clients would get a publish.
    pub subscribers: usize,
}

impl Handle {
    /// One page of clients in the order asked for, and whether there are more.
    ///
    /// # Errors
    /// The broker is shutting down.
    pub async fn clients(&self, query: ClientQuery) -> Result<(Vec<ClientInfo>, bool), Error> {
        let mut all = ClientScan::new(query.clone());
        let ask = |reply| Order::Clients(Box::new(ClientScan::new(query.clone())), reply);
        for found in self.ask_all(ask).await? {
            all.join(*found);
        }
        let (mut found, more) = all.finish();
        self.add_owed(query.org, &mut found);
        Ok((found, more))
    }

    /// The client that is connected under this id.
    ///
    /// # Errors
    /// The broker is shutting down.
    pub async fn client(&self, org: OrgId, client_id: &str) -> Result<Option<ClientInfo>, Error> {
        let Some(who) = self.broker.clients.find(org, client_id) else { return Ok(None) };
        let mut found = self.info(vec![who]).await?.pop().flatten();
        self.add_owed(org, found.as_mut_slice());
        Ok(found)
    }

    /// Adds what the log owes to clients whose session it keeps.
    fn add_owed(&self, org: OrgId, clients: &mut [ClientInfo]) {
        let Some(ledger) = &self.ledger else { return };
        for client in clients.iter_mut().filter(|client| client.session.is_some()) {
            if let Some(session) = ledger.find(org, &client.client_id) {
                client.owed = (session.owed, session.owed_bytes);
            }
        }
    }

    /// Ends a client's connection by administrative action; `false` if it is not connected.
    ///
    /// # Errors
    /// The broker is shutting down.
    pub async fn kick(&self, org: OrgId, client_id: &str) -> Result<bool, Error> {
        let Some(who) = self.broker.clients.find(org, client_id) else { return Ok(false) };
        let desk = self.orders.get(who.core.index()).ok_or(Error::ShuttingDown)?;
        ask(desk, |reply| Order::Kick(who.key, reply)).await
    }

    /// One page of subscriptions by filter and connection, and whether there are more.
    ///
    /// # Errors
    /// The broker is shutting down.
    pub async fn subscriptions(
        &self,
        query: SubscriptionQuery,
    ) -> Result<(Vec<SubscriptionInfo>, bool), Error> {
        let whose = match &query.client_id {
            None => None,
            Some(client_id) => match self.broker.clients.holder(query.org, client_id) {
                None => return Ok((Vec::new(), false)),
                whose => whose,
            },
        };
        let (broker, org) = (Arc::clone(&self.broker), query.org);
        // A walk over all subscriptions takes its time: not on a thread that serves others.
        let walk = tokio::task::spawn_blocking(move || {
            let mut found = FirstOf::new(query.limit);
            broker.subscriptions.list(query.org, &mut |filter, who, subscriber| {
                if whose.is_some_and(|whose| whose != who) || !query.wants(filter) {
                    return;
                }
                let place = (Box::from(filter), who);
                if query.after.as_ref().is_none_or(|after| place > *after) {
                    found.offer(place, subscriber.wish);
                }
            });
            found.finish()
        });
        let (found, more) = walk.await.map_err(|_| Error::ShuttingDown)?;
        let holders: Vec<_> = found.iter().map(|((_, who), _)| *who).collect();
        let names = self.names(org, &holders).await?;
        let named = found.into_iter().zip(names);
        let named = named.filter_map(|(((filter, who), wish), client_id)| {
            Some(SubscriptionInfo { filter, who, client_id: client_id?, wish })
        });
        Ok((named.collect(), more))
    }

    /// One page of topics that have a retained message or were published to lately, in the order
    /// of their levels, and whether there are more.
    ///
    /// # Errors
    /// The broker is shutting down.
    pub async fn topics(&self, query: TopicQuery) -> Result<(Vec<TopicInfo>, bool), Error> {
        let most = query.limit + 1;
        let mut names = BTreeSet::new();
        if query.retained != Some(false) {
            names.extend(self.retained_topics(&query, most));
        }
        if query.retained != Some(true) {
            let (org, filter, after) = (query.org, &query.filter, query.after.as_deref());
            let scan = || {
                let shown = query.shown.clone();
                let scan = TopicScan::new(org, filter.clone(), after, most);
                Box::new(scan.only(move |topic| shown.has(topic)))
            };
            for found in self.ask_all(|reply| Order::Topics(scan(), reply)).await? {
                names.extend(found.found);
            }
        }
        let retained = |name: &TopicName| self.broker.retained.get(query.org, &name.0);
        if query.retained == Some(false) {
            names.retain(|name| retained(name).is_none());
        }
        let more = names.len() > query.limit;
        let page = names.into_iter().take(query.limit).map(|name| {
            let subscribers = self.receivers(query.org, &name.0);
            TopicInfo {
                retained_bytes: retained(&name).map(|held| held.kept.payload().len()),
                subscribers,
                topic: name.0,
            }
        });
        Ok((page.collect(), more))
    }

    fn retained_topics(&self, query: &TopicQuery, most: usize) -> Vec<TopicName> {
        let filter = query.filter.as_str();
        let mut walk = match &query.after {
            Some(after) => Walk::behind(filter, after),
            None => Walk::new(filter),
        };
        let mut names = Vec::new();
        let now = self.clock.monotonic();
        self.broker.retained.walk(query.org, &mut walk, now, &mut |kept| {
            if query.shown.has(kept.topic) {
                names.push(TopicName(kept.topic.into()));
            }
            names.len() < most
        });
        names
    }

    /// How many clients a publish would reach: of a share, one.
    fn receivers(&self, org: OrgId, topic: &str) -> usize {
        let (mut receivers, mut shares) = (BTreeSet::new(), 0);
        self.broker.subscriptions.matches(org, topic, &mut |matched| match matched {
            Matched::One(Holder::Connection(_), subscriber) if subscriber.session.is_some() => {}
            Matched::One(who, _) => {
                receivers.insert(who);
            }
            Matched::Group(_) => shares += 1,
        });
        receivers.len() + shares
    }

    /// The client ids of those who hold subscriptions, in their order.
    async fn names(&self, org: OrgId, who: &[Holder]) -> Result<Vec<Option<Box<str>>>, Error> {
        let (mut connections, mut sessions) = (Vec::new(), HashSet::new());
        for holder in who {
            match holder {
                Holder::Connection(who) => connections.push(*who),
                Holder::Session(session) => drop(sessions.insert(*session)),
            }
        }
        let mut connected = self.info(connections).await?.into_iter();
        let sessions = self.broker.clients.names(org, &sessions);
        let name = |holder: &Holder| match holder {
            Holder::Connection(_) => connected.next().flatten().map(|client| client.client_id),
            Holder::Session(session) => sessions.get(session).cloned(),
        };
        Ok(who.iter().map(name).collect())
    }

    /// What is known of these connections, in their order.
    async fn info(&self, who: Vec<Address>) -> Result<Vec<Option<ClientInfo>>, Error> {
        let mut all: Vec<Option<ClientInfo>> = who.iter().map(|_| None).collect();
        for (core, desk) in self.orders.iter().enumerate() {
            let here = || who.iter().enumerate().filter(|(_, who)| who.core.index() == core);
            let keys: Vec<_> = here().map(|(_, who)| who.key).collect();
            if keys.is_empty() {
                continue;
            }
            let found = ask(desk, |reply| Order::Info(keys, reply)).await?;
            for ((place, _), client) in here().zip(found) {
                if let Some(slot) = all.get_mut(place) {
                    *slot = client;
                }
            }
        }
        Ok(all)
    }

    /// Asks all cores at once.
    pub(crate) async fn ask_all<T>(
        &self,
        order: impl Fn(oneshot::Sender<T>) -> Order,
    ) -> Result<Vec<T>, Error> {
        let mut answers = Vec::with_capacity(self.orders.len());
        for desk in self.orders.iter() {
            let (reply, answer) = oneshot::channel();
            desk.send(order(reply)).await.map_err(|_| Error::ShuttingDown)?;
            answers.push(answer);
        }
        let mut all = Vec::with_capacity(answers.len());
        for answer in answers {
            all.push(answer.await.map_err(|_| Error::ShuttingDown)?);
        }
        Ok(all)
    }
}

async fn ask<T>(
    desk: &mpsc::Sender<Order>,
    order: impl FnOnce(oneshot::Sender<T>) -> Order,
) -> Result<T, Error> {
    let (reply, answer) = oneshot::channel();
    desk.send(order(reply)).await.map_err(|_| Error::ShuttingDown)?;
    answer.await.map_err(|_| Error::ShuttingDown)
}

impl SubscriptionQuery {
    fn wants(&self, filter: &str) -> bool {
        let inner = shared(filter).map_or(filter, |(_, inner)| inner);
        let matches = |topic: &String| Filter::parse(inner).is_ok_and(|f| f.matches(topic));
        self.shown.has(inner)
            && self.filter.as_ref().is_none_or(|wish| wish == filter)
            && self.matches.as_ref().is_none_or(matches)
    }
}

/// The first of many, in order; one more than asked for is kept, to tell whether there are others.
#[derive(Debug)]
struct FirstOf<K, V> {
    limit: usize,
    found: BTreeMap<K, V>,
}

impl<K: Ord, V> FirstOf<K, V> {
    fn new(limit: usize) -> Self {
        Self { limit, found: BTreeMap::new() }
    }

    fn offer(&mut self, key: K, value: V) {
        self.found.insert(key, value);
        if self.found.len() > self.limit + 1 {
            self.found.pop_last();
        }
    }

    fn finish(mut self) -> (Vec<(K, V)>, bool) {
        let more = self.found.len() > self.limit;
        if more {
            self.found.pop_last();
        }
        (self.found.into_iter().collect(), more)
    }
}

/// How many sessions of the log wait for their clients. The cores count at their ticks, so a client
/// that came just now may be counted twice.
pub(crate) fn offline(broker: &Broker, stats: &Stats) -> u64 {
    (broker.clients.sessions() as u64).saturating_sub(stats.sessions_connected)
}
