//! What others know of topics and nodes.

use std::sync::Arc;

use uns_model::{NodeId, NodeNo, OrgId, TopicId};

/// Where topics and nodes are kept anyway: the same allocation serves history too, and what is known
/// there of a node history lacks need not be lost.
#[derive(Clone)]
pub struct SharedNames {
    find: Arc<FindName>,
    node: Arc<FindNode>,
}

type FindName = dyn Fn(OrgId, &str) -> Option<Arc<str>> + Send + Sync;
type FindNode = dyn Fn(NodeNo) -> Option<KnownNode> + Send + Sync;

/// A node as the namespace knows it.
#[derive(Clone, Debug)]
pub struct KnownNode {
    /// Whose it is.
    pub org: OrgId,
    /// Its interned topic.
    pub topic: TopicId,
    /// Its global identity.
    pub id: NodeId,
    /// Its topic.
    pub name: Arc<str>,
}

impl SharedNames {
    /// From a look-up by organisation and topic.
    pub fn new(find: impl Fn(OrgId, &str) -> Option<Arc<str>> + Send + Sync + 'static) -> Self {
        Self { find: Arc::new(find), node: Arc::new(|_| None) }
    }

    /// And one by the number of a node.
    #[must_use]
    pub fn with_nodes(
        self,
        node: impl Fn(NodeNo) -> Option<KnownNode> + Send + Sync + 'static,
    ) -> Self {
        Self { node: Arc::new(node), ..self }
    }

    pub(crate) fn find(&self, org: OrgId, topic: &str) -> Option<Arc<str>> {
        (self.find)(org, topic)
    }

    pub(crate) fn node(&self, number: NodeNo) -> Option<KnownNode> {
        (self.node)(number)
    }
}

impl std::fmt::Debug for SharedNames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedNames")
    }
}
