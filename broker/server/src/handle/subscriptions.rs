//! Subscriptions, as operators see them. They are read where all cores share them, on a thread that
//! serves no connections.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use broker_codec::shared;
use broker_engine::{Holder, Shown, Wish};
use uns_model::{Filter, OrgId};

use crate::{Error, Handle};

/// Which subscriptions.
#[derive(Clone, Debug, Default)]
pub struct SubscriptionQuery {
    /// The organisation.
    pub org: OrgId,
    /// Only those of this client.
    pub client_id: Option<String>,
    /// Only those with exactly this filter.
    pub filter: Option<String>,
    /// Only those whose filter matches this topic.
    pub matches: Option<String>,
    /// Only those after this one.
    pub after: Option<(Box<str>, Holder)>,
    /// At most this many.
    pub limit: usize,
    /// Only those the operator may see.
    pub shown: Shown,
}

/// One subscription.
#[derive(Clone, Debug)]
pub struct SubscriptionInfo {
    /// The filter.
    pub filter: Box<str>,
    /// The connection or session that has it.
    pub who: Holder,
    /// Its client id.
    pub client_id: Box<str>,
    /// The options asked for.
    pub wish: Wish,
}

impl Handle {
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
        // A walk over all subscriptions takes long, so it runs on a blocking thread.
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
        let names = self.client_ids(org, &holders).await?;
        let named = found.into_iter().zip(names);
        let named = named.filter_map(|(((filter, who), wish), client_id)| {
            Some(SubscriptionInfo { filter, who, client_id: client_id?, wish })
        });
        Ok((named.collect(), more))
    }

    /// The client ids of these holders, in their order.
    async fn client_ids(
        &self,
        org: OrgId,
        holders: &[Holder],
    ) -> Result<Vec<Option<Box<str>>>, Error> {
        let (mut connections, mut sessions) = (Vec::new(), HashSet::new());
        for holder in holders {
            match holder {
                Holder::Connection(who) => connections.push(*who),
                Holder::Session(session) => drop(sessions.insert(*session)),
            }
        }
        let mut connected = self.connection_infos(&connections).await?.into_iter();
        let sessions = self.broker.clients.names(org, &sessions);
        let client_id = |holder: &Holder| match holder {
            Holder::Connection(_) => connected.next().flatten().map(|client| client.client_id),
            Holder::Session(session) => sessions.get(session).cloned(),
        };
        Ok(holders.iter().map(client_id).collect())
    }
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

/// Collects the first entries of many, in order. It keeps one more than the limit, to tell whether
/// there are others.
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
