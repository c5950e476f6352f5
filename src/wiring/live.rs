//! [`hub_kit::services::Live`] over the namespace.

use std::sync::Arc;

use fabric::Cursor;
use hub_kit::services::{Answer, Boxed, CurrentPage, DeleteQuery, Live, Page};
use hub_kit::{Refusal, Rights};
use uns_model::query::{ClockViolation, CurrentQuery, SearchHit, SearchQuery, TreeNode, TreeQuery};
use uns_model::{Coverage, NodeNo, OrgId, Reason, TopicId};
use uns_namespace::{Error, Namespace, Sight};

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

    fn below(&self, path: &str) -> Coverage {
        self.0.reads(&format!("{path}/#"))
    }
}

/// A page token that was never given out is the client's mistake, a log that takes nothing is said
/// as for a publish, everything else is ours.
fn refusal(doing: &str, error: &Error) -> Refusal {
    match error {
        Error::PageToken { .. } => Refusal::not_a_page(),
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

/// Steps of one answer to a search, between which others have their turn: enough to look at every
/// level that the quotas of nodes allow for.
const SEARCH_STEPS_MAX: usize = 32;

impl LiveNamespace {
    /// A page of a search. It goes on until it is full or everything was looked at, so that somebody
    /// who may see little of much is answered at once and hears nothing of what lies between.
    async fn search_page(
        &self,
        mut query: SearchQuery,
        rights: Arc<dyn Rights>,
    ) -> Result<Page<SearchHit>, Refusal> {
        let about = format!("search {} {:?}", query.org.0, query.text);
        let (limit, mut items) = (query.limit, Vec::new());
        query.after = self.opened(&about, query.after)?;
        for _ in 0..SEARCH_STEPS_MAX {
            query.limit = limit.saturating_sub(items.len());
            let page = self.namespace.search_for(&query, &Eyes(&*rights));
            let page = page.map_err(|e| refusal("search", &e))?;
            items.extend(page.hits);
            query.after = page.next;
            if page.is_full || query.after.is_none() {
                break;
            }
            tokio::task::yield_now().await;
        }
        Ok(Page { items, next: self.sealed(&about, query.after) })
    }

    /// A page token for the client.
    fn sealed(&self, about: &str, next: Option<String>) -> Option<String> {
        next.map(|next| self.seal.seal(about, &next))
    }

    /// What a page token says.
    fn opened(&self, about: &str, token: Option<String>) -> Result<Option<String>, Refusal> {
        let open = |token: String| {
            let opened = self.seal.open(about, &token);
            opened.ok_or_else(Refusal::not_a_page)
        };
        token.map(open).transpose()
    }
}

impl Live for LiveNamespace {
    fn clock_violations(&self, org: OrgId) -> Vec<ClockViolation> {
        self.namespace.clock_violations(org)
    }

    fn caught_up(&self) -> Boxed<'_, ()> {
        Box::pin(self.namespace.caught_up())
    }

    fn tree(&self, query: TreeQuery, rights: Arc<dyn Rights>) -> Answer<'_, Page<TreeNode>> {
        Box::pin(async move {
            let about = format!("tree {} {:?} {}", query.org.0, query.path, query.depth);
            let query = TreeQuery { after: self.opened(&about, query.after)?, ..query };
            let page = self.namespace.tree_for(&query, &Eyes(&*rights));
            let page = page.map_err(|e| refusal("read the tree", &e))?;
            Ok(Page { items: page.items, next: self.sealed(&about, page.next) })
        })
    }

    fn current(&self, query: CurrentQuery, rights: Arc<dyn Rights>) -> Answer<'_, CurrentPage> {
        Box::pin(async move {
            let about = format!("current {} {}", query.org.0, query.filter);
            let query = CurrentQuery { after: self.opened(&about, query.after)?, ..query };
            let page = self.namespace.current_for(&query, &Eyes(&*rights));
            let page = page.map_err(|e| refusal("read last values", &e))?;
            let cursor = Cursor::after(page.sequence);
            Ok(CurrentPage { cursor, values: page.items, next: self.sealed(&about, page.next) })
        })
    }

    fn search(&self, query: SearchQuery, rights: Arc<dyn Rights>) -> Answer<'_, Page<SearchHit>> {
        Box::pin(self.search_page(query, rights))
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
