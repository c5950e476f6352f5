//! Batches (NS-21). The message passes unchanged on its own topic; each row of `points` is a sample
//! of the child node its path names, judged like a publish of its own. Rows that are refused cost no
//! other one, unless the batch asks for all or none.

use std::sync::Arc;

use bytes::Bytes;
use schemas::payload::{BadRow, Batch, ChildRow};

use super::{Gate, Inbound, PublisherRights, Resolved, payload};
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
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Where it was to go.
    pub topic: String,
    /// What it was.
    pub payload: Bytes,
    /// Why.
    pub reject: Reject,
}

/// A row that may become a sample of its topic.
struct Row {
    index: usize,
    topic: String,
    payload: Bytes,
}

impl Gate {
    /// Admits a batch. `rights` are asked for the topic of each row before anything comes of it.
    pub(super) fn admit_batch(
        &mut self,
        parent: &Arc<Node>,
        inbound: &Inbound<'_>,
        batch: Batch,
        rights: &dyn PublisherRights,
    ) -> Result<(), Reject> {
        let is_atomic = properties::user(inbound.properties, "uns-batch") == Some("atomic");
        let mut expansion = Expansion::default();
        let mut good = Vec::new();
        match batch {
            Batch::Children(rows) => {
                let max = self.space.config.children_max;
                if rows.len() > max {
                    let detail = format!("a batch of {} points, more than {max}", rows.len());
                    return self.counted(Err(Reject::new(Reason::PayloadTooLarge, detail)));
                }
                for row in rows.into_iter().enumerate() {
                    let judged = self.judge(parent, row, rights);
                    // Else its name is looked at where its node is made.
                    let judged =
                        if is_atomic { judged.and_then(|r| self.named(r)) } else { judged };
                    match judged {
                        Ok(row) => good.push(row),
                        Err(refused) => expansion.refused.push(refused),
                    }
                }
            }
            Batch::Flawed(rows) => {
                expansion.refused = rows.into_iter().map(|row| self.bad(parent, row)).collect();
            }
        }
        // Before a node is made for any row: of a batch that is refused as a whole nothing stays.
        all_or_none(is_atomic, &expansion.refused)?;
        for row in good {
            match self.child(parent, row, rights) {
                Ok(child) => expansion.children.push(child),
                Err(refused) => expansion.refused.push(refused),
            }
        }
        all_or_none(is_atomic, &expansion.refused)?;
        expansion.refused.sort_by_key(|row| row.index);
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

    /// What of a row can be told without making its node.
    fn judge(
        &mut self,
        parent: &Node,
        (index, row): (usize, Result<ChildRow, BadRow>),
        rights: &dyn PublisherRights,
    ) -> Result<Row, RefusedRow> {
        let ChildRow { path, payload } = row.map_err(|row| self.bad(parent, row))?;
        let topic = format!("{}/{path}", parent.name);
        let allowed = if rights.may_publish(&topic) {
            payload::check(payload.as_bytes(), &self.space.config).map(drop)
        } else {
            Err(Reject::no_right())
        };
        let payload = Bytes::from(payload);
        match self.counted(allowed) {
            Ok(()) => Ok(Row { index, topic, payload }),
            Err(reject) => Err(RefusedRow { index, topic, payload, reject }),
        }
    }

    /// The row if its topic may be one.
    fn named(&self, row: Row) -> Result<Row, RefusedRow> {
        let Row { index, topic, payload } = row;
        match self.counted(self.space.check_name(&topic)) {
            Ok(()) => Ok(Row { index, topic, payload }),
            Err(reject) => Err(RefusedRow { index, topic, payload, reject }),
        }
    }

    /// The node of a row.
    fn child(
        &mut self,
        parent: &Node,
        row: Row,
        rights: &dyn PublisherRights,
    ) -> Result<Child, RefusedRow> {
        let Row { index, topic, payload } = row;
        match self.resolve(parent.org, &topic, rights) {
            Ok(Resolved::Node(node)) => Ok(Child { node, payload }),
            Ok(Resolved::Plain) => {
                let detail = "nothing can live below this node";
                let reject = Reject::new(Reason::TopicInvalid, detail);
                Err(RefusedRow { index, topic, payload, reject })
            }
            Err(reject) => Err(RefusedRow { index, topic, payload, reject }),
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
        RefusedRow { index: row.index, topic, payload: row.payload.into(), reject }
    }
}

/// Refuses an atomic batch that has a refused row.
fn all_or_none(is_atomic: bool, refused: &[RefusedRow]) -> Result<(), Reject> {
    let Some(first) = refused.iter().min_by_key(|row| row.index).filter(|_| is_atomic) else {
        return Ok(());
    };
    let (topic, detail) = (&first.topic, &first.reject.detail);
    let detail = format!(
        "{} rows of an atomic batch, the first one, row {}, to `{topic}`: {detail}",
        refused.len(),
        first.index
    );
    Err(Reject::new(first.reject.reason, detail))
}
