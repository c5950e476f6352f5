//! The operator deletes topics and branches, with their history or without, while publishes to them are
//! under way, and also what is being deleted already.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use uns_model::OrgId;

use super::deletion::Deletion;
use super::{Actor, World};

/// So many are under way at once.
const DELETIONS_MAX: usize = 2;

impl World {
    /// The operator deletes a topic, or all below its first two levels.
    pub(super) fn begin_deletion(&mut self) {
        let Some(path) = self.choose_path() else { return };
        if self.deletions.len() >= DELETIONS_MAX {
            return;
        }
        let purge = self.choices.one_in(2);
        self.note(Actor::Operator, format_args!("deletes {path}, purge {purge}"));
        let namespace = Arc::clone(&self.machine.hub().namespace);
        let (nodes, of) = (self.journal.living_below(&path), path.clone());
        // Refused on a full disk, and nobody asks again.
        let under_way =
            Box::pin(async move { namespace.delete(OrgId::DEFAULT, &of, purge).await.is_ok() });
        self.deletions.push(Deletion { path, purge, nodes, under_way });
    }

    /// A topic of a node, or its branch: also what is being deleted, and preferably one to which something
    /// is under way.
    fn choose_path(&self) -> Option<String> {
        if let Some(other) = self.deletions.first().filter(|_| self.choices.one_in(2)) {
            return Some(other.path.clone());
        }
        let known: Vec<_> = self.journal.topics().filter(|topic| topic.starts_with("t/")).collect();
        let is_node = |topic: &&str| known.binary_search(topic).is_ok();
        let open: Vec<_> = self.promises.open_topics().filter(is_node).collect();
        let topics = if !open.is_empty() && self.choices.one_in(2) { open } else { known };
        if topics.is_empty() {
            return None;
        }
        let topic = topics[self.choices.below(topics.len())];
        let branch = topic.rsplit_once('/').map_or(topic, |(branch, _)| branch);
        Some(if self.choices.one_in(3) { branch } else { topic }.to_owned())
    }

    /// Deletions go on as far as they can without waiting.
    pub(super) fn go_on_deleting(&mut self) -> Result<(), String> {
        let mut context = Context::from_waker(Waker::noop());
        let mut done = Vec::new();
        self.deletions.retain_mut(|deletion| {
            match deletion.under_way.as_mut().poll(&mut context) {
                Poll::Pending => true,
                Poll::Ready(is_done) => {
                    let nodes = std::mem::take(&mut deletion.nodes);
                    done.push((deletion.path.clone(), deletion.purge, nodes, is_done));
                    false
                }
            }
        });
        for (path, purge, nodes, is_done) in done {
            let how = if purge { "purged" } else { "deleted" };
            self.note(Actor::Operator, format_args!("has {how} {path}, {is_done}"));
            if let Some(node) =
                nodes.iter().find(|node| is_done && !self.journal.is_deleted(**node))
            {
                return Err(format!("{path} was {how}, and {node:?} lives on"));
            }
        }
        Ok(())
    }
}
