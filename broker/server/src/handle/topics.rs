//! Topics, as operators see them. Retained messages and subscriptions are read on the thread of the
//! caller; the topics of recent publishes are asked of the cores.

use std::collections::BTreeSet;

use broker_engine::{Holder, Matched, Shown, TopicName, TopicScan, Walk};
use uns_model::{Filter, OrgId};

use crate::operator_request::OperatorRequest;
use crate::{Error, Handle};

/// Which topics.
#[derive(Clone, Debug)]
pub struct TopicQuery {
    /// The organisation.
    pub org: OrgId,
    /// Topics that this filter matches.
    pub filter: Filter,
    /// Only those with a retained message, or only those without.
    pub retained: Option<bool>,
    /// Only those after this one.
    pub after: Option<String>,
    /// At most this many.
    pub limit: usize,
    /// Only those the operator may see.
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
            let request = |reply| OperatorRequest::Topics(scan(), reply);
            for found in self.operators.ask_all(request).await? {
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

    /// How many clients a publish would reach. A shared subscription counts as one.
    fn receivers(&self, org: OrgId, topic: &str) -> usize {
        let (mut receivers, mut shares) = (BTreeSet::new(), 0);
        self.broker.subscriptions.matches(org, topic, &mut |matched| match matched {
            // Its session has the same subscription, and is counted.
            Matched::One(Holder::Connection(_), subscriber) if subscriber.session.is_some() => {}
            Matched::One(who, _) => {
                receivers.insert(who);
            }
            Matched::Group(_) => shares += 1,
        });
        receivers.len() + shares
    }
}
