//! [`hub_kit::services::Live`] over the namespace.

use std::sync::Arc;

use hub_kit::Refusal;
use hub_kit::services::{
    Answer, Boxed, CurrentPage, CurrentQuery, CurrentValue, DeleteQuery, LastValue, Live,
    SearchHit, SearchQuery, TreeNode, TreePage, TreeQuery,
};
use uns_model::{Filter, NodeNo, OrgId, TopicId};
use uns_namespace::{Error, Namespace, Reason};

/// The committed namespace, and the broker whose retained copies a deletion clears.
pub(crate) struct LiveNamespace {
    pub(crate) namespace: Arc<Namespace>,
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

impl LiveNamespace {
    fn last_of(&self, org: OrgId, topic: &str) -> Option<LastValue> {
        let filter = Filter::parse(topic).ok()?;
        let query = uns_namespace::CurrentQuery { org, filter, after: None, limit: 1 };
        let own =
            self.namespace.current(&query).ok()?.values.into_iter().find(|v| v.field.is_none())?;
        Some(LastValue { value: own.value, quality: own.quality, timestamp: own.timestamp })
    }
}

impl Live for LiveNamespace {
    fn caught_up(&self) -> Boxed<'_, ()> {
        Box::pin(self.namespace.caught_up())
    }

    fn tree(&self, query: TreeQuery) -> Answer<'_, TreePage> {
        Box::pin(async move {
            let TreeQuery { org, path, depth, after, limit } = query;
            let query = uns_namespace::TreeQuery { org, path, depth, after, limit };
            let page = self.namespace.tree(&query).map_err(|e| refusal("read the tree", &e))?;
            let nodes = page.nodes.into_iter().map(|node| TreeNode {
                path: node.path,
                name: node.name,
                children: node.children,
                leaf: node.node.is_some(),
                last: node.own.map(|own| LastValue {
                    value: own.value,
                    quality: own.quality,
                    timestamp: own.timestamp,
                }),
            });
            Ok(TreePage { nodes: nodes.collect(), next: page.next })
        })
    }

    fn current(&self, query: CurrentQuery) -> Answer<'_, CurrentPage> {
        Box::pin(async move {
            let CurrentQuery { org, filter, after, limit } = query;
            let query = uns_namespace::CurrentQuery { org, filter, after, limit };
            let page =
                self.namespace.current(&query).map_err(|e| refusal("read last values", &e))?;
            let values = page.values.into_iter().map(|value| CurrentValue {
                topic: value.topic,
                field: value.field,
                value: value.value,
                quality: value.quality,
                timestamp: value.timestamp,
                sequence: value.sequence,
            });
            Ok(CurrentPage { sequence: page.sequence, values: values.collect(), next: page.next })
        })
    }

    fn search(&self, query: SearchQuery) -> Answer<'_, Vec<SearchHit>> {
        Box::pin(async move {
            let hits = self.namespace.search(query.org, &query.text, query.limit);
            let hits = hits.into_iter().map(|hit| SearchHit {
                last: self.last_of(query.org, &hit.topic),
                topic: hit.topic,
            });
            Ok(hits.collect())
        })
    }

    fn delete(&self, query: DeleteQuery) -> Answer<'_, u64> {
        Box::pin(async move {
            let DeleteQuery { org, path, purge } = query;
            let deleted = self
                .namespace
                .delete(org, &path, purge)
                .await
                .map_err(|e| refusal("delete the subtree", &e))?;
            Ok(deleted.nodes)
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
