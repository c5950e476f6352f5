//! What whoever publishes may do, and what the refusal of its publish may tell it.

use fabric::Rejection;
use uns_model::{OrgId, Reason};

use crate::Namespace;
use crate::registry::Collision;
use crate::view::{Pattern, Walk};

/// The rights of whoever publishes, asked while a topic or a batch is judged.
pub trait PublisherRights {
    /// Whether it may publish to a topic.
    fn may_publish(&self, topic: &str) -> bool;

    /// Whether it may read a topic, and so hear that it exists.
    fn may_read(&self, topic: &str) -> bool;
}

/// The rights of a publisher that may do everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllRights;

impl PublisherRights for AllRights {
    fn may_publish(&self, _: &str) -> bool {
        true
    }

    fn may_read(&self, _: &str) -> bool {
        true
    }
}

/// Levels looked at below a level to find a topic that its publisher may read.
const STEPS_MAX: usize = 256;

impl Namespace {
    /// What a publisher hears of a name that differs in case only from one that exists. Where it may
    /// not know of that one, it hears what it would hear of a topic it may not publish to, so that
    /// nothing tells a denied topic from one that does not exist. The refusal is made in this form,
    /// so that nobody who counts it, keeps it or answers it can show more.
    pub(super) fn case_collision(
        &self,
        (org, topic): (OrgId, &str),
        known: &Collision,
        rights: &dyn PublisherRights,
    ) -> Rejection {
        if !self.may_know(org, known, rights) {
            return Rejection::no_right();
        }
        let detail = format!("`{topic}` differs from the existing `{}` in case only", known.path);
        Rejection::new(Reason::CaseCollision, detail)
    }

    /// Whether something at or below a path may be read: only then the path exists for whoever has
    /// these rights. Where much is hidden below it, it is taken for hidden too.
    fn may_know(&self, org: OrgId, known: &Collision, rights: &dyn PublisherRights) -> bool {
        // Of a level with others below it the node may be gone already.
        if !known.of.is_deleted() && rights.may_read(&known.of.name) {
            return true;
        }
        if known.path == *known.of.name {
            return false;
        }
        let pattern = Pattern::below(Some(&known.path), u32::MAX);
        let view = self.view.read();
        let mut walk = Walk::new(&view.tree, org, &pattern, None);
        for _ in 0..STEPS_MAX {
            let Some(step) = walk.step() else { return false };
            if step.matched && step.node.is_some() && rights.may_read(walk.path()) {
                return true;
            }
        }
        false
    }
}
