//! [`hub_kit::services::History`] over the historian's queries.

use std::time::Duration;

use historian_query::{Error, Gap, Nothing, Query};
use hub_kit::Refusal;
use hub_kit::services::{
    Aggregate, Answer, Boxed, History, HistoryGap, HistoryPage, HistoryQuery, HistorySample,
};
use uns_model::Timestamp;

/// How long a purge may keep the answer waiting.
const PURGE_PATIENCE: Duration = Duration::from_secs(10);

/// Stored samples, as modules ask for them.
pub(crate) struct StoredHistory(pub(crate) Query);

impl History for StoredHistory {
    fn caught_up(&self) -> Boxed<'_, ()> {
        Box::pin(self.0.caught_up())
    }

    fn newest(&self) -> Timestamp {
        self.0.newest()
    }

    fn purged(&self) -> Boxed<'_, bool> {
        Box::pin(self.0.purged(PURGE_PATIENCE))
    }

    fn history(&self, query: HistoryQuery) -> Answer<'_, HistoryPage> {
        Box::pin(async move {
            let page = self.0.history(asked(query)).await.map_err(|e| refusal(&e))?;
            let samples = page.samples.into_iter().map(|sample| HistorySample {
                timestamp: sample.timestamp,
                value: sample.value,
                quality: sample.quality,
                sequence: sample.sequence,
                unit: sample.unit,
            });
            let gaps = page.gaps.iter().map(gap).collect();
            let (fields, newest) = match page.nothing {
                Some(Nothing::NoField(fields)) => (fields, None),
                Some(Nothing::NotThen(newest)) => (Vec::new(), newest),
                None => (Vec::new(), None),
            };
            let samples = samples.collect();
            Ok(HistoryPage { samples, next: page.next, gaps, fields, newest })
        })
    }
}

fn asked(query: HistoryQuery) -> historian_query::HistoryQuery {
    let aggregate = query.aggregate.map(|aggregate| match aggregate {
        Aggregate::Avg => historian_query::Aggregate::Avg,
        Aggregate::Min => historian_query::Aggregate::Min,
        Aggregate::Max => historian_query::Aggregate::Max,
        Aggregate::Sum => historian_query::Aggregate::Sum,
        Aggregate::Count => historian_query::Aggregate::Count,
        Aggregate::First => historian_query::Aggregate::First,
        Aggregate::Last => historian_query::Aggregate::Last,
    });
    historian_query::HistoryQuery {
        org: query.org,
        topic: query.topic,
        field: query.field,
        start: query.start,
        end: query.end,
        aggregate,
        bucket: query.bucket,
        limit: query.limit,
        after: query.after,
    }
}

fn gap(gap: &Gap) -> HistoryGap {
    HistoryGap { after: gap.after, until: gap.until, reason: gap.cause.name() }
}

fn refusal(error: &Error) -> Refusal {
    let detail = error.to_string();
    match error {
        Error::NodeUnknown { topic } => Refusal::node_unknown(topic),
        Error::Limit { .. } => Refusal::parameter("limit", detail),
        Error::Bucket { .. } => Refusal::parameter("bucket", detail),
        Error::After => Refusal::parameter("after", "pass `next` of the page before."),
        Error::EmptyRange => Refusal::parameter("end", detail),
        Error::NotNumbers { .. } => Refusal::parameter("aggregate", detail),
        Error::HalfAnAggregate => Refusal::parameter("aggregate", detail),
        Error::TooMuch { .. } => Refusal::new(413, "too_much", detail),
        Error::Interrupted => Refusal::new(503, "interrupted", detail),
        other => Refusal::internal("read history", other),
    }
}
