//! A namespace of a few topics in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;

use fabric::Cursor;
use hub_kit::services::{
    Answer, Boxed, CurrentPage, DeadLetters, DeleteQuery, History, HistoryPage, Live, Page,
    Publish, PublishBatch, PublishItem, Published, Resumed,
};
use hub_kit::{Refusal, Rights};
use uns_model::query::{
    ClockFault, ClockViolation, CurrentQuery, CurrentValue, HistoryQuery, HistorySample, LastValue,
    Remarks, SearchHit, SearchQuery, TreeNode, TreeQuery,
};
use uns_model::{NodeNo, OrgId, Quality, Sequence, Timestamp, TopicId, Value};

use super::NOON;

/// Topics with their last values, and what was asked.
#[derive(Default)]
pub(super) struct Fake {
    pub(super) topics: Mutex<BTreeMap<String, Value>>,
    pub(super) history: Mutex<Vec<HistorySample>>,
    pub(super) asked: Mutex<Vec<HistoryQuery>>,
    pub(super) published: Mutex<Vec<PublishItem>>,
    /// Who published last.
    pub(super) publisher: Mutex<Arc<str>>,
    /// What was refused.
    pub(super) dead: Mutex<Vec<String>>,
    /// How often somebody waited for the view.
    pub(super) waited: Mutex<u32>,
}

impl Fake {
    pub(super) fn with(topics: &[(&str, Value)]) -> Arc<Self> {
        let fake = Self::default();
        let topics = topics.iter().map(|(topic, value)| ((*topic).to_owned(), value.clone()));
        *fake.topics.lock().unwrap() = topics.collect();
        Arc::new(fake)
    }

    pub(super) fn plant() -> Arc<Self> {
        Self::with(&[
            ("Enterprise/Site/line 1/temp", Value::Float(20.5)),
            ("uns/v1/acme/line3/speed", Value::Int(1200)),
            ("uns/v1/acme/line3/temperature", Value::Float(23.0)),
        ])
    }
}

fn last(value: &Value) -> LastValue {
    LastValue {
        value: value.clone(),
        quality: Quality::GOOD,
        timestamp: Timestamp(NOON),
        ingest: Timestamp(NOON),
        sequence: Sequence(3),
        remarks: Remarks::default(),
    }
}

fn ready<T: Send + 'static>(value: T) -> Boxed<'static, T> {
    Box::pin(std::future::ready(value))
}

impl DeadLetters for Fake {
    fn page(
        &self,
        _: OrgId,
        after: Option<String>,
        limit: usize,
        _: Arc<dyn Rights>,
    ) -> Answer<'_, Page<String>> {
        let dead = self.dead.lock().unwrap();
        let start = after.map_or(0, |after| after.parse().unwrap());
        let letters: Vec<_> = dead.iter().skip(start).take(limit).cloned().collect();
        let end = start + letters.len();
        let next = (end < dead.len()).then(|| end.to_string());
        ready(Ok(Page { items: letters, next }))
    }
}

impl Live for Fake {
    fn caught_up(&self) -> Boxed<'_, ()> {
        *self.waited.lock().unwrap() += 1;
        ready(())
    }

    fn clock_violations(&self, _org: OrgId) -> Vec<ClockViolation> {
        let violation = |client_id: &str, topic: &str, hours: i64| ClockViolation {
            client_id: client_id.into(),
            fault: ClockFault::Ahead,
            messages: 3,
            offset: Some(hours * 3_600_000_000_000),
            worst: Some(hours * 3_600_000_000_000),
            topic: Some(topic.into()),
            first: Timestamp(NOON),
            last: Timestamp(NOON),
        };
        vec![violation("press7", "uns/v1/acme/press7", 2), violation("press8", "secret/x", 1)]
    }

    fn tree(&self, query: TreeQuery, rights: Arc<dyn Rights>) -> Answer<'_, Page<TreeNode>> {
        let prefix = query.path.map(|path| path + "/").unwrap_or_default();
        let mut nodes: BTreeMap<String, (u64, Option<LastValue>)> = BTreeMap::new();
        let topics = self.topics.lock().unwrap();
        for (topic, value) in topics.iter().filter(|(topic, _)| rights.may_read(topic)) {
            let Some(below) = topic.strip_prefix(&prefix) else { continue };
            let (name, deeper) = below.split_once('/').map_or((below, false), |(n, _)| (n, true));
            let node = nodes.entry(name.to_owned()).or_default();
            node.0 += u64::from(deeper);
            node.1 = (!deeper).then(|| last(value));
        }
        let nodes = nodes.into_iter().map(|(name, (children, last))| TreeNode {
            path: format!("{prefix}{name}").into(),
            name: name.into(),
            children,
            leaf: last.is_some(),
            descendants: children,
            contract: None,
            last_ingest: None,
            last,
        });
        ready(Ok(Page { items: nodes.take(query.limit).collect(), next: None }))
    }

    fn current(&self, query: CurrentQuery, rights: Arc<dyn Rights>) -> Answer<'_, CurrentPage> {
        let topics = self.topics.lock().unwrap();
        let after = query.after.unwrap_or_default();
        let matching: Vec<_> = topics
            .iter()
            .filter(|(topic, _)| query.filter.matches(topic) && **topic > after)
            .filter(|(topic, _)| rights.may_read(topic))
            .collect();
        let values: Vec<CurrentValue> = matching
            .iter()
            .take(query.limit)
            .map(|(topic, value)| CurrentValue {
                topic: topic.as_str().into(),
                field: None,
                last: LastValue {
                    remarks: Remarks {
                        unit: topic.ends_with("speed").then(|| "1/min".into()),
                        ..Remarks::default()
                    },
                    ..last(value)
                },
            })
            .collect();
        let more = matching.len() > values.len();
        let next = values.last().filter(|_| more).map(|value| value.topic.to_string());
        ready(Ok(CurrentPage { cursor: Cursor::after(Sequence(9)), values, next }))
    }

    fn search(&self, query: SearchQuery, rights: Arc<dyn Rights>) -> Answer<'_, Page<SearchHit>> {
        let topics = self.topics.lock().unwrap();
        let hits = topics.iter().filter(|(topic, _)| topic.contains(&query.text));
        let hits = hits.filter(|(topic, _)| rights.may_read(topic));
        let hits: Vec<_> = hits
            .map(|(topic, value)| SearchHit {
                topic: topic.as_str().into(),
                field: None,
                last: Some(last(value)),
            })
            .collect();
        let next = (hits.len() > query.limit).then(|| "more".to_owned());
        let hits = hits.into_iter().take(query.limit).collect();
        ready(Ok(Page { items: hits, next }))
    }

    fn delete(&self, query: DeleteQuery) -> Answer<'_, u64> {
        let mut topics = self.topics.lock().unwrap();
        let before = topics.len();
        let below = format!("{}/", query.path);
        topics.retain(|topic, _| {
            let named = *topic == query.path || topic.starts_with(&below);
            !named || !query.rights.may_inspect(topic)
        });
        ready(Ok((before - topics.len()) as u64))
    }

    fn topic(&self, _topic: TopicId) -> Option<Arc<str>> {
        None
    }

    fn node_of_topic(&self, _org: OrgId, topic: &str) -> Option<NodeNo> {
        self.topics.lock().unwrap().contains_key(topic).then_some(NodeNo(0))
    }
}

impl History for Fake {
    fn caught_up(&self) -> Boxed<'_, ()> {
        *self.waited.lock().unwrap() += 1;
        ready(())
    }

    fn purged(&self) -> Boxed<'_, bool> {
        ready(true)
    }

    fn history(&self, query: HistoryQuery) -> Answer<'_, HistoryPage> {
        self.asked.lock().unwrap().push(query.clone());
        if !self.topics.lock().unwrap().contains_key(&query.topic) {
            return ready(Err(Refusal::node_unknown(&query.topic)));
        }
        let all = self.history.lock().unwrap().clone();
        let start: usize = query.after.and_then(|after| after.parse().ok()).unwrap_or(0);
        let samples: Vec<_> = all.iter().skip(start).take(query.limit).cloned().collect();
        let end = start + samples.len();
        let next = (end < all.len()).then(|| end.to_string());
        ready(Ok(HistoryPage { samples, next, ..HistoryPage::default() }))
    }
}

impl Publish for Fake {
    fn together(&self, batch: PublishBatch) -> Boxed<'_, Vec<Result<Published, Refusal>>> {
        let items = batch.items;
        *self.publisher.lock().unwrap() = batch.client_id;
        let results = items.iter().map(|item| match item.topic.as_str() {
            "" => Err(Refusal::new(400, "topic_invalid", "the topic is empty")),
            topic if !batch.rights.may_publish(topic) => {
                Err(Refusal::new(403, "not_authorized", "it may not be published to"))
            }
            _ => Ok(Published { sequence: Some(Sequence(42)), ..Published::default() }),
        });
        let results = results.collect();
        let allowed = items.into_iter().filter(|item| batch.rights.may_publish(&item.topic));
        self.published.lock().unwrap().extend(allowed);
        ready(results)
    }

    fn resume(&self, _: OrgId, _: &str) -> Boxed<'_, Result<Resumed, Refusal>> {
        ready(Err(Refusal::new(503, "unused", "no test resumes here")))
    }
}
