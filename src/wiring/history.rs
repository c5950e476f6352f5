//! [`hub_kit::services::History`] over the historian's queries.

use std::time::Duration;

use fabric::Cursor;
use historian_query::{Error, Gap, Query};
use hub_kit::Refusal;
use hub_kit::services::{Answer, Boxed, History, HistoryGap, HistoryPage};
use uns_model::query::HistoryQuery;

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
            let page = self.query.history(HistoryQuery { after, ..query }).await;
            let page = page.map_err(|e| refusal(&e))?;
            Ok(HistoryPage {
                samples: page.samples,
                next: page.next.map(|next| self.seal.seal(&about, &next)),
                gaps: page.gaps.iter().map(gap).collect(),
                nothing: page.nothing,
            })
        })
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
        Error::After => Refusal::not_a_page(),
        Error::EmptyRange => Refusal::parameter("end", detail),
        Error::NotNumbers { .. } => Refusal::parameter("aggregate", detail),
        Error::HalfAnAggregate => Refusal::parameter("aggregate", detail),
        Error::TooMuch { .. } => Refusal::new(413, "too_much", detail),
        Error::Interrupted => Refusal::new(503, "interrupted", detail),
        other => Refusal::internal("read history", other),
    }
}
