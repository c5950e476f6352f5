//! [`hub_kit::services::History`] over the historian's queries.

use std::time::Duration;

use fabric::Cursor;
use historian_query::{Error, Gap, Nothing, Query};
use hub_kit::Refusal;
use hub_kit::services::{
    Aggregate, Answer, Boxed, History, HistoryGap, HistoryPage, HistoryQuery, HistorySample,
};

use super::seal::Seal;

/// How long a purge may keep the answer waiting.
const PURGE_PATIENCE: Duration = Duration::from_secs(10);

/// Stored samples, as modules ask for them.
pub(crate) struct StoredHistory {
    pub(crate) query: Query,
    /// Of page tokens: where a page ended names a place in the log.
    pub(crate) seal: Seal,
}

/// What a page token is good for: another page of the same series, whatever the range is by now.
fn about(query: &HistoryQuery) -> String {
    let HistoryQuery { org, topic, field, aggregate, bucket, .. } = query;
    format!("history {} {topic:?} {field:?} {aggregate:?} {bucket:?}", org.0)
}

impl History for StoredHistory {
    fn caught_up(&self) -> Boxed<'_, ()> {
        Box::pin(self.query.caught_up())
    }

    fn purged(&self) -> Boxed<'_, bool> {
        Box::pin(self.query.purged(PURGE_PATIENCE))
    }

    fn history(&self, query: HistoryQuery) -> Answer<'_, HistoryPage> {
        Box::pin(async move {
            let about = about(&query);
            let after = match &query.after {
                Some(token) => {
                    Some(self.seal.open(&about, token).ok_or_else(|| refusal(&Error::After))?)
                }
                None => None,
            };
            let asked = asked(HistoryQuery { after, ..query });
            let page = self.query.history(asked).await.map_err(|e| refusal(&e))?;
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
            let next = page.next.map(|next| self.seal.seal(&about, &next));
            Ok(HistoryPage { samples, next, gaps, fields, newest })
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
        until_newest: query.until_newest,
        aggregate,
        bucket: query.bucket,
        limit: query.limit,
        after: query.after,
    }
}

fn gap(gap: &Gap) -> HistoryGap {
    let [after, until] = [gap.after, gap.until].map(Cursor::after);
    HistoryGap { after, until, reason: gap.cause.name() }
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
