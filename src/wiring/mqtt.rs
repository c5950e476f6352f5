//! [`hub_kit::services::Mqtt`] over the running broker: questions in, bodies for operators out.

mod clients;
mod refusals;
mod stats;
mod traces;

use std::sync::Arc;

use broker_server::{Address, CoreNo, Handle, Holder, Key, Shown};
use hub_kit::services::{
    Answer, ClientQuery, Mqtt, SubscriptionQuery, TopicQuery, TraceQuery, TraceSpec,
};
use hub_kit::{Refusal, Rights};
use schemas::http::broker::{
    BrokerStats, Client, Clients, Session, Sessions, Subscription, Subscriptions, Topic, Topics,
    Trace,
};
use uns_model::OrgId;
use uns_model::query::SessionQuery;
use uns_namespace::Namespace;

use refusals::{client_unknown, refusal, session_unknown};

/// The broker, as modules ask for it.
pub(crate) struct Operators {
    pub(crate) broker: Handle,
    pub(crate) namespace: Arc<Namespace>,
}

impl Mqtt for Operators {
    fn clients(&self, query: ClientQuery) -> Answer<'_, Clients> {
        Box::pin(clients::page((&self.broker, &self.namespace), query))
    }

    fn client(&self, org: OrgId, client_id: String) -> Answer<'_, Client> {
        Box::pin(async move {
            let found = self.broker.client(org, &client_id).await.map_err(|e| refusal(&e))?;
            let clocks = clients::clocks(&self.namespace, org);
            let body = found.map(|found| clients::body(found, &clocks));
            body.ok_or_else(|| client_unknown(&client_id))
        })
    }

    fn kick(&self, org: OrgId, client_id: String) -> Answer<'_, ()> {
        Box::pin(async move {
            let done = self.broker.kick(org, &client_id).await.map_err(|e| refusal(&e))?;
            if done { Ok(()) } else { Err(client_unknown(&client_id)) }
        })
    }

    fn sessions(&self, query: SessionQuery) -> Answer<'_, Sessions> {
        Box::pin(self.session_page(query))
    }

    fn end_session(&self, org: OrgId, client_id: String) -> Answer<'_, ()> {
        Box::pin(async move {
            let done = self.broker.end_session(org, &client_id).await.map_err(|e| refusal(&e))?;
            if done { Ok(()) } else { Err(session_unknown(&client_id)) }
        })
    }

    fn subscriptions(
        &self,
        query: SubscriptionQuery,
        rights: Arc<dyn Rights>,
    ) -> Answer<'_, Subscriptions> {
        Box::pin(self.subscription_page(query, shown_to(rights)))
    }

    fn topics(&self, query: TopicQuery, rights: Arc<dyn Rights>) -> Answer<'_, Topics> {
        Box::pin(self.topic_page(query, shown_to(rights)))
    }

    fn stats(&self) -> Answer<'_, BrokerStats> {
        Box::pin(async { Ok(stats::body(&self.broker)) })
    }

    fn start_trace(&self, spec: TraceSpec, rights: Arc<dyn Rights>) -> Answer<'_, Trace> {
        Box::pin(traces::start(&self.broker, spec, shown_to(rights)))
    }

    fn traces(&self, org: OrgId, rights: Arc<dyn Rights>) -> Answer<'_, Vec<Trace>> {
        Box::pin(async move {
            let infos = self.broker.traces(org);
            Ok(infos.iter().map(|info| traces::list(info, &*rights)).collect())
        })
    }

    fn trace(&self, query: TraceQuery, rights: Arc<dyn Rights>) -> Answer<'_, Trace> {
        Box::pin(async move { traces::page(&self.broker, &query, &*rights) })
    }

    fn stop_trace(&self, org: OrgId, id: String) -> Answer<'_, ()> {
        Box::pin(async move { traces::stop(&self.broker, org, &id) })
    }
}

impl Operators {
    async fn session_page(&self, query: SessionQuery) -> Result<Sessions, Refusal> {
        let (found, more) = self.broker.sessions(query).await.map_err(|e| refusal(&e))?;
        let next = found.last().filter(|_| more).map(|last| last.client_id.to_string());
        let sessions = found.into_iter().map(|found| Session {
            client_id: found.client_id.into(),
            durable: found.durable,
            connected: found.connected,
            expiry_seconds: found.expiry,
            expires_in_seconds: found.expires_in.map(|left| left.as_secs()),
            subscriptions: found.subscriptions as u64,
            queued_messages: found.queued as u64,
            queued_bytes: found.queued_bytes,
            in_flight: found.in_flight as u64,
            dropped: found.dropped,
        });
        Ok(Sessions { sessions: sessions.collect(), next })
    }

    async fn subscription_page(
        &self,
        query: SubscriptionQuery,
        shown: Shown,
    ) -> Result<Subscriptions, Refusal> {
        let after =
            query.after.as_deref().map(|after| place(after).ok_or_else(Refusal::not_a_page));
        let asked = broker_server::SubscriptionQuery {
            org: query.org,
            client_id: query.client_id,
            filter: query.filter,
            matches: query.matches,
            after: after.transpose()?,
            limit: query.limit,
            shown,
        };
        let (found, more) = self.broker.subscriptions(asked).await.map_err(|e| refusal(&e))?;
        let last = found.last().filter(|_| more);
        let next = last.map(|last| format!("{}/{}", name(last.who), last.filter));
        let subscriptions = found.into_iter().map(|found| Subscription {
            filter: found.filter.into(),
            client_id: found.client_id.into(),
            qos: found.wish.qos,
            no_local: found.wish.no_local,
            retain_as_published: found.wish.retain_as_published,
            identifier: found.wish.identifier.map(std::num::NonZeroU32::get),
        });
        Ok(Subscriptions { subscriptions: subscriptions.collect(), next })
    }

    async fn topic_page(&self, query: TopicQuery, shown: Shown) -> Result<Topics, Refusal> {
        let asked = broker_server::TopicQuery {
            org: query.org,
            filter: query.filter,
            retained: query.retained,
            after: query.after,
            limit: query.limit,
            shown,
        };
        let (found, more) = self.broker.topics(asked).await.map_err(|e| refusal(&e))?;
        let next = found.last().filter(|_| more).map(|last| last.topic.to_string());
        let topics = found.into_iter().map(|found| Topic {
            retained: found.retained_bytes.is_some(),
            retained_bytes: found.retained_bytes.map(|bytes| bytes as u64),
            subscribers: found.subscribers as u64,
            topic: found.topic.into(),
        });
        Ok(Topics { topics: topics.collect(), next })
    }
}

/// What somebody with these rights is shown.
fn shown_to(rights: Arc<dyn Rights>) -> Shown {
    Shown::those(move |topic| rights.may_inspect(topic))
}

/// A subscription's place in the order of pages: whose it is, in numbers, then the filter.
fn name(who: Holder) -> String {
    match who {
        Holder::Connection(Address { core, key }) => {
            format!("c.{}.{}.{}", core.0, key.slot, key.generation)
        }
        Holder::Session(session) => format!("s.{}", session.0),
    }
}

fn place(text: &str) -> Option<(Box<str>, Holder)> {
    let (who, filter) = text.split_once('/')?;
    let mut parts = who.split('.');
    let holder = match parts.next()? {
        "c" => Holder::Connection(Address {
            core: CoreNo(parts.next()?.parse().ok()?),
            key: Key { slot: parts.next()?.parse().ok()?, generation: parts.next()?.parse().ok()? },
        }),
        "s" => Holder::Session(uns_model::SessionNo(parts.next()?.parse().ok()?)),
        _ => return None,
    };
    parts.next().is_none().then(|| (filter.into(), holder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_subscriptions_survive_a_page() {
        let key = Key { slot: 7, generation: 3 };
        for who in [
            Holder::Connection(Address { core: CoreNo(1), key }),
            Holder::Session(uns_model::SessionNo(9)),
        ] {
            for filter in ["#", "a/+/c", "/", "$share/g/a"] {
                let text = format!("{}/{filter}", name(who));
                assert_eq!(place(&text), Some((filter.into(), who)), "{text}");
            }
        }
        for wrong in ["", "c.1/a", "x.1/a", "c.1.2.3", "s.1.2/a"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }
}
