//! Batches (NS-21). The message passes unchanged on its own topic; each row of `points` is a sample
//! of the child node its path names, judged like a publish of its own. Rows that are refused cost no
//! other one, unless the batch asks for all or none.

use std::sync::Arc;

use bytes::Bytes;
use schemas::payload::{BadRow, Batch, ChildRow};

use super::{Gate, Inbound, Resolved, payload};
use crate::node::Node;
use crate::properties;
use crate::{Reason, Reject};

/// What a batch caused beside its own record.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    /// The accepted rows, for live delivery; their records follow the parent's in the same batch.
    pub children: Vec<Child>,
    /// The refused rows. They are counted; nothing of them is stored.
    pub refused: Vec<RefusedRow>,
}

/// One accepted row.
#[derive(Clone, Debug)]
pub struct Child {
    /// The child's node.
    pub node: Arc<Node>,
    /// The row without its path: an envelope.
    pub payload: Bytes,
}

/// One refused row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedRow {
    /// Where it was to go.
    pub topic: String,
    /// What it was.
    pub payload: Bytes,
    /// Why.
    pub reject: Reject,
}

/// Whether who publishes may publish to a topic.
pub type MayPublish<'a> = dyn Fn(&str) -> bool + 'a;

impl Gate {
    /// Admits a batch. `may_publish` is asked for the topic of each row before anything comes of it.
    pub(super) fn admit_batch(
        &mut self,
        parent: &Arc<Node>,
        inbound: &Inbound<'_>,
        batch: Batch,
        may_publish: &MayPublish<'_>,
    ) -> Result<(), Reject> {
        let mut expansion = Expansion::default();
        match batch {
            Batch::Children(rows) => {
                let max = self.space.config.children_max;
                if rows.len() > max {
                    let detail = format!("a batch of {} points, more than {max}", rows.len());
                    return self.counted(Err(Reject::new(Reason::PayloadTooLarge, detail)));
                }
                for row in rows {
                    match self.child(parent, row, may_publish) {
                        Ok(child) => expansion.children.push(child),
                        Err(refused) => expansion.refused.push(refused),
                    }
                }
            }
            Batch::Flawed(rows) => {
                expansion.refused = rows.into_iter().map(|row| self.bad(parent, row)).collect();
            }
        }
        if let Some(first) = expansion.refused.first()
            && properties::user(inbound.properties, "uns-batch") == Some("atomic")
        {
            let (reason, refused) = (first.reject.reason, expansion.refused.len());
            let first = format!("`{}`: {}", first.topic, first.reject.detail);
            let detail = format!("{refused} rows of an atomic batch, the first one {first}");
            return Err(Reject::new(reason, detail));
        }
        // The parent and its children enter the log together.
        self.push(parent, inbound);
        for child in &expansion.children {
            let payload = &child.payload;
            // What is retained is the batch, on its own topic.
            let row = Inbound { payload, properties: &[], retain: false, ..*inbound };
            self.push(&child.node, &row);
        }
        self.expansion = Some(Box::new(expansion));
        Ok(())
    }

    fn child(
        &mut self,
        parent: &Node,
        row: Result<ChildRow, BadRow>,
        may_publish: &MayPublish<'_>,
    ) -> Result<Child, RefusedRow> {
        let ChildRow { path, payload } = row.map_err(|row| self.bad(parent, row))?;
        let topic = format!("{}/{path}", parent.name);
        let allowed = if may_publish(&topic) {
            payload::check(payload.as_bytes(), &self.space.config).map(drop)
        } else {
            let detail = "its publisher has no right to publish to this topic";
            Err(Reject::new(Reason::NotAuthorized, detail))
        };
        let payload = Bytes::from(payload);
        let admitted = self.counted(allowed).and_then(|()| self.resolve(parent.org, &topic));
        match admitted {
            Ok(Resolved::Node(node)) => Ok(Child { node, payload }),
            Ok(Resolved::Plain) => {
                let detail = "nothing can live below this node";
                let reject = Reject::new(Reason::TopicInvalid, detail);
                Err(RefusedRow { topic, payload, reject })
            }
            Err(reject) => Err(RefusedRow { topic, payload, reject }),
        }
    }

    fn bad(&mut self, parent: &Node, row: BadRow) -> RefusedRow {
        let topic = match row.path {
            Some(path) if !path.is_empty() => format!("{}/{path}", parent.name),
            _ => parent.name.to_string(),
        };
        let detail = format!("row {}: {}", row.index, row.detail);
        let reject = Reject::new(Reason::PayloadMalformed, detail);
        self.rejections.count(reject.reason);
        RefusedRow { topic, payload: row.payload.into(), reject }
    }
}
