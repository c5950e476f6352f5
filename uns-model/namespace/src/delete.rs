//! Deleting a node or subtree (NS-14): history stays unless purged, a later publish mints anew.

use std::sync::Arc;

use fabric::{Batch, OnCommit, Record};
use tokio::sync::oneshot;
use uns_model::{NodeNo, OrgId};

use crate::node::Node;
use crate::view::{Pattern, Walk};
use crate::{Error, Namespace};

/// Most deletions in one batch: the mint lock is held for so many at most.
const BATCH_MAX: usize = 1_000;
/// Most levels looked at under one lock of the view.
const STEPS_MAX: usize = 8_192;

/// What a deletion removed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Deleted {
    /// How many nodes.
    pub nodes: u64,
    /// The topics among theirs that had a retained message, which went too: the broker's own copies
    /// are for the caller to clear.
    pub retained: Vec<Arc<str>>,
}

impl Namespace {
    /// Deletes the node at `path` and every node below it; answers after the commit is applied. The
    /// empty path is the level without a name, not the root.
    /// Needs [`Namespace::run`] on its thread.
    ///
    /// # Errors
    /// When the log does not take the records, or refuses them later; other batches of the subtree may
    /// be deleted then.
    pub async fn delete(&self, org: OrgId, path: &str, purge: bool) -> Result<Deleted, Error> {
        self.delete_for(org, path, purge, |_| true).await
    }

    /// The same for somebody who may delete some topics: the nodes of the others stay, and are not
    /// counted.
    ///
    /// # Errors
    /// As for [`Namespace::delete`].
    pub async fn delete_for(
        &self,
        org: OrgId,
        path: &str,
        purge: bool,
        may_delete: impl Fn(&str) -> bool + Send,
    ) -> Result<Deleted, Error> {
        self.caught_up().await;
        let failed = |source| Error::Delete { path: path.to_owned(), source };
        let mut deleted = Deleted::default();
        let numbers = self.subtree(org, path, may_delete);
        let mut outcome = Ok(());
        let mut commits = Vec::new();
        for numbers in numbers.chunks(BATCH_MAX) {
            self.note_retained(numbers, &mut deleted.retained);
            let (told, commit) = oneshot::channel();
            let on_commit: OnCommit = Box::new(move |result| {
                // Nobody may be waiting any more; the deletion holds all the same.
                drop(told.send(result));
            });
            match self.append_deletions(numbers, purge, on_commit) {
                Ok(nodes) => deleted.nodes += nodes,
                Err(error) => {
                    outcome = Err(Arc::new(error));
                    break;
                }
            }
            commits.push(commit);
        }
        for commit in commits {
            let result = commit.await.unwrap_or_else(|_| Err(Arc::new(fabric::Error::Closed)));
            outcome = outcome.and(result.map(drop));
        }
        self.take_back_deletions();
        outcome.map_err(failed)?;
        self.caught_up().await;
        self.spare_newer(org, &mut deleted.retained);
        Ok(deleted)
    }

    fn subtree(&self, org: OrgId, path: &str, may_delete: impl Fn(&str) -> bool) -> Vec<NodeNo> {
        let pattern = Pattern::below(Some(path), u32::MAX);
        let mut numbers = Vec::new();
        if self.view.read().tree.is_unknown(org, path) {
            return numbers;
        }
        let mut after: Option<String> = None;
        loop {
            let view = self.view.read();
            let mut walk = Walk::new(&view.tree, org, &pattern, after.as_deref());
            for _ in 0..STEPS_MAX {
                let Some(step) = walk.step() else { return numbers };
                numbers.extend(step.node.filter(|_| step.matched && may_delete(walk.path())));
            }
            after = Some(walk.path().to_owned());
        }
    }

    fn note_retained(&self, numbers: &[NodeNo], topics: &mut Vec<Arc<str>>) {
        let view = self.view.read();
        let entries = numbers.iter().filter_map(|number| view.entry(*number));
        let retained = entries.filter(|entry| entry.retained.is_some());
        topics.extend(retained.map(|entry| entry.node.name.clone()));
    }

    /// Leaves out the topics that have a retained message again: the copies of those are newer.
    fn spare_newer(&self, org: OrgId, topics: &mut Vec<Arc<str>>) {
        let view = self.view.read();
        topics.retain(|topic| {
            view.node_of_topic(org, topic).is_none_or(|entry| entry.retained.is_none())
        });
    }

    /// Has nodes live on whose deletion the log refused after it had taken it.
    pub(crate) fn take_back_deletions(&self) {
        if self.underway.has_kept() {
            self.registry.settle(&mut self.registry.mint(), &self.underway);
        }
    }

    fn append_deletions(
        &self,
        numbers: &[NodeNo],
        purge: bool,
        on_commit: OnCommit,
    ) -> Result<u64, fabric::Error> {
        let nodes: Vec<Arc<Node>> = {
            let view = self.view.read();
            numbers.iter().filter_map(|n| view.entry(*n)).map(|e| e.node.clone()).collect()
        };
        // From here on the gates resolve these topics again and wait for the mint lock, so their
        // new nodes follow the deletions in the log.
        let mut mint = self.registry.mint();
        self.registry.settle(&mut mint, &self.underway);
        let mut deletions = self.deletions.write();
        *deletions += 1;
        let ingest = self.clock.now();
        let mut batch = Batch::new();
        let mut marked = Vec::with_capacity(nodes.len());
        for node in nodes.iter().filter(|node| !node.is_deleted()) {
            self.registry.delete(&mut mint, node);
            batch.push(&Record::NodeDeleted { org: node.org, node: node.number, purge, ingest });
            marked.push(Arc::clone(node));
        }
        let (underway, refused) = (Arc::clone(&self.underway), marked.clone());
        let on_commit: OnCommit = Box::new(move |result| {
            if result.is_err() {
                underway.keep_later(&refused);
            }
            on_commit(result);
        });
        let result = self.log.append(batch, Some(on_commit));
        drop(deletions);
        if result.is_err() {
            for node in &marked {
                self.registry.undelete(&mut mint, node);
            }
        }
        result.map(|()| marked.len() as u64)
    }
}
