//! [`hub_kit::services::Live`] over the namespace.

use std::sync::Arc;

use fabric::Cursor;
use hub_kit::services::{
    Answer, Boxed, ClockViolation, CurrentPage, CurrentQuery, CurrentValue, DeleteQuery, LastValue,
    Live, Remarks, SearchHit, SearchPage, SearchQuery, TreeNode, TreePage, TreeQuery,
};
use hub_kit::{Reads, Refusal, Rights};
use uns_model::{NodeNo, OrgId, Reason, TopicId};
use uns_namespace::{Below, Error, Namespace, OwnValue, Sight, ValueRemarks};

use super::seal::Seal;

/// The committed namespace, as its readers see it.
pub(crate) struct LiveNamespace {
    pub(crate) namespace: Arc<Namespace>,
    /// Of page tokens.
    pub(crate) seal: Seal,
}

/// Somebody's rights, as the namespace asks for them.
struct Eyes<'a>(&'a dyn Rights);

impl Sight for Eyes<'_> {
    fn sees(&self, topic: &str) -> bool {
        self.0.may_read(topic)
    }

    fn below(&self, path: &str) -> Below {
        match self.0.reads(&format!("{path}/#")) {
            Reads::None => Below::Nothing,
            Reads::Part => Below::Part,
            Reads::All => Below::Everything,
        }
    }
}

/// A page token that was never given out is the client's mistake, a log that takes nothing is said
/// as for a publish, everything else is ours.
fn refusal(doing: &str, error: &Error) -> Refusal {
    match error {
        Error::PageToken { .. } => Refusal::parameter("after", "pass `next` of the page before"),
        Error::Delete { source, .. } if is_storage(source) => {
            Refusal::new(507, Reason::StorageFull.name(), source.to_string())
        }
        other => Refusal::internal(doing, other),
    }
}

/// The log takes nothing now, as a publish would be told.
fn is_storage(error: &fabric::Error) -> bool {
    use fabric::Error as E;
    matches!(error, E::DiskFull | E::Full { .. } | E::ReadOnly { .. } | E::CommitFailed { .. })
}

fn remarks(remarks: ValueRemarks) -> Remarks {
    let ValueRemarks { unit, superseded, fields_left_out, windows_1252 } = remarks;
    Remarks { unit, superseded, fields_left_out, windows_1252 }
}

fn last_value(own: OwnValue) -> LastValue {
    let OwnValue { value, quality, timestamp, remarks: of_value, .. } = own;
    LastValue { value, quality, timestamp, remarks: remarks(of_value) }
}

/// Steps of one answer to a search, between which others have their turn: enough to look at every
/// level that the quotas of nodes allow for.
const SEARCH_STEPS_MAX: usize = 32;

impl LiveNamespace {
    /// A page of a search. It goes on until it is full or everything was looked at, so that somebody
    /// who may see little of much is answered at once and hears nothing of what lies between.
    async fn search_page(&self, query: SearchQuery) -> Result<SearchPage, Refusal> {
        let SearchQuery { org, text, rights, after, limit } = query;
        let about = format!("search {} {text:?}", org.0);
        let mut after = self.opened(&about, after)?;
        let mut hits = Vec::new();
        for _ in 0..SEARCH_STEPS_MAX {
            let limit = limit.saturating_sub(hits.len());
            let step = uns_namespace::SearchQuery { org, text: text.clone(), after, limit };
            let page = self.namespace.search_for(&step, &Eyes(&*rights));
            let page = page.map_err(|e| refusal("search", &e))?;
            let found = page.hits.into_iter();
            hits.extend(
                found.map(|hit| SearchHit { topic: hit.topic, last: hit.own.map(last_value) }),
            );
            after = page.next;
            if page.is_full || after.is_none() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let next = after.map(|next| self.seal.seal(&about, &next));
        Ok(SearchPage { hits, next })
    }

    /// What a page token says.
    fn opened(&self, about: &str, token: Option<String>) -> Result<Option<String>, Refusal> {
        let open = |token: String| {
            let opened = self.seal.open(about, &token);
            opened.ok_or_else(|| Refusal::parameter("after", "pass `next` of the page before."))
        };
        token.map(open).transpose()
    }
}

/// In the words of the modules.
pub(super) fn clock_violation(found: uns_namespace::ClockViolation) -> ClockViolation {
    ClockViolation {
        client_id: found.client_id,
        fault: found.fault.name(),
        messages: found.messages,
        offset: found.offset,
        worst: found.worst,
        topic: found.topic,
        first: found.first,
        last: found.last,
    }
}

impl Live for LiveNamespace {
    fn clock_violations(&self, org: OrgId) -> Vec<ClockViolation> {
        self.namespace.clock_violations(org).into_iter().map(clock_violation).collect()
    }

    fn caught_up(&self) -> Boxed<'_, ()> {
        Box::pin(self.namespace.caught_up())
    }

    fn tree(&self, query: TreeQuery) -> Answer<'_, TreePage> {
        Box::pin(async move {
            let TreeQuery { org, path, depth, rights, after, limit } = query;
            let about = format!("tree {} {path:?} {depth}", org.0);
            let after = self.opened(&about, after)?;
            let query = uns_namespace::TreeQuery { org, path, depth, after, limit };
            let page = self.namespace.tree_for(&query, &Eyes(&*rights));
            let page = page.map_err(|e| refusal("read the tree", &e))?;
            let nodes = page.nodes.into_iter().map(|node| TreeNode {
                path: node.path,
                name: node.name,
                children: node.children,
                leaf: node.node.is_some(),
                last: node.own.map(last_value),
            });
            let next = page.next.map(|next| self.seal.seal(&about, &next));
            Ok(TreePage { nodes: nodes.collect(), next })
        })
    }

    fn current(&self, query: CurrentQuery) -> Answer<'_, CurrentPage> {
        Box::pin(async move {
            let CurrentQuery { org, filter, rights, after, limit } = query;
            let about = format!("current {} {filter}", org.0);
            let after = self.opened(&about, after)?;
            let query = uns_namespace::CurrentQuery { org, filter, after, limit };
            let page = self.namespace.current_for(&query, &Eyes(&*rights));
            let page = page.map_err(|e| refusal("read last values", &e))?;
            let values = page.values.into_iter().map(|value| CurrentValue {
                topic: value.topic,
                field: value.field,
                value: value.value,
                quality: value.quality,
                timestamp: value.timestamp,
                sequence: value.sequence,
                remarks: remarks(value.remarks),
            });
            let next = page.next.map(|next| self.seal.seal(&about, &next));
            let cursor = Cursor::after(page.sequence);
            Ok(CurrentPage { cursor, values: values.collect(), next })
        })
    }

    fn search(&self, query: SearchQuery) -> Answer<'_, SearchPage> {
        Box::pin(self.search_page(query))
    }

    fn delete(&self, query: DeleteQuery) -> Answer<'_, u64> {
        Box::pin(async move {
            let DeleteQuery { org, path, rights, purge } = query;
            let may_delete = |topic: &str| rights.may_inspect(topic);
            let deleted = self.namespace.delete_for(org, &path, purge, may_delete).await;
            Ok(deleted.map_err(|e| refusal("delete the subtree", &e))?.nodes)
        })
    }

    fn topic(&self, topic: TopicId) -> Option<Arc<str>> {
        self.namespace.topic(topic)
    }

    fn node_of_topic(&self, org: OrgId, topic: &str) -> Option<NodeNo> {
        self.namespace.node_of_topic(org, topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_on_a_full_disk_is_refused_like_a_publish() {
        let check = |source: fabric::Error, status, reason| {
            let error = Error::Delete { path: "a".into(), source: Arc::new(source) };
            let refusal = refusal("delete the subtree", &error);
            assert_eq!((refusal.status, refusal.reason), (status, reason));
        };
        check(fabric::Error::DiskFull, 507, "storage_full");
        check(fabric::Error::ReadOnly { reason: "sync failed".into() }, 507, "storage_full");
        check(fabric::Error::Closed, 500, "internal");
    }
}
