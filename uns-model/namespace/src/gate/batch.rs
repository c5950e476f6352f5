//! Batches (NS-19, NS-21). The message passes unchanged on its own topic; each row with a path and each
//! named point is a sample of the child node it names, judged like a publish of its own. Rows that are
//! refused cost no other one, unless the batch asks for all or none.

use std::sync::Arc;

use bytes::Bytes;
use fabric::{Admitted, Author, Inbound, Output, RefusedRow, Rejection, Resolved};
use schemas::payload::{BadRow, Batch, ChildRow};
use uns_model::Reason;

use super::read::{Read, Reading};
use super::{Gate, PublisherRights};
use crate::node::Node;
use crate::properties;
use crate::rule::Verdict;

/// The accepted rows of a batch, and the refused ones. Those are counted; nothing of them is stored.
#[derive(Default)]
struct Rows {
    children: Vec<Child>,
    refused: Vec<RefusedRow>,
}

/// An accepted row: an envelope, without its path.
struct Child {
    node: Arc<Node>,
    payload: Bytes,
    reading: Reading,
    verdict: Option<Verdict>,
}

/// A row that may become a sample of its topic.
struct Row {
    index: usize,
    topic: Box<str>,
    payload: Bytes,
    reading: Reading,
}

/// The batch that a row is of, and the node it was published to.
#[derive(Clone, Copy)]
struct Whole<'a> {
    node: &'a Node,
    inbound: &'a Inbound<'a>,
}

impl Gate {
    /// Admits a batch: its accepted rows follow it into the log, each on the topic of its child.
    pub(super) fn admit_batch(
        &mut self,
        parent: &Arc<Node>,
        batch: Batch,
        read: Read<'_>,
        rights: &dyn PublisherRights,
    ) -> Result<Admitted, Rejection> {
        // Before a node is made for any row.
        let (inbound, verdict) = (read.inbound, self.ask_rule(parent, read)?);
        let whole = Whole { node: parent, inbound };
        let Rows { children, refused } = self.rows(whole, batch, rights)?;
        let parent = match parent.is_settled() {
            true => Some(Arc::clone(parent)),
            false => self.destination(parent, rights)?,
        };
        let Some(parent) = &parent else { return Ok(Admitted::unchanged(inbound)) };
        let mut admitted = self.admit_as(parent, read, verdict);
        let outputs = admitted.outputs.get_or_insert_default();
        for Child { node, payload, reading, verdict } in children {
            let row = row_of(inbound, &payload);
            let admitted = self.admit_as(&node, Read { inbound: &row, reading: &reading }, verdict);
            let Admitted { place, retain, expiry, outputs: caused, .. } = admitted;
            let (author, topic, qos) = (Author::Publisher, Arc::clone(&node.name), inbound.qos);
            outputs.messages.push(Output { author, topic, payload, qos, retain, expiry, place });
            outputs.messages.extend(caused.into_iter().flat_map(|caused| caused.messages));
        }
        outputs.refused = refused;
        for row in &mut outputs.refused {
            outputs.messages.extend(row.rejection.said.take().into_iter().flat_map(|said| *said));
        }
        Ok(admitted)
    }

    /// Judges the rows of a batch. `rights` are asked for the topic of each before anything comes of it.
    fn rows(
        &mut self,
        whole: Whole<'_>,
        batch: Batch,
        rights: &dyn PublisherRights,
    ) -> Result<Rows, Rejection> {
        let is_atomic = properties::user(whole.inbound.properties, "uns-batch") == Some("atomic");
        let mut rows = Rows::default();
        let mut good = Vec::new();
        match batch {
            Batch::Children(all) => {
                let max = self.space.config.children_max;
                if all.len() > max {
                    let detail = format!("a batch of {} points, more than {max}", all.len());
                    return self.counted(Err(Rejection::new(Reason::PayloadTooLarge, detail)));
                }
                for (index, row) in all.into_iter().enumerate() {
                    let judged = self.judge_row(whole, index, row, rights);
                    // Else its name is looked at where its node is made.
                    let judged =
                        if is_atomic { judged.and_then(|r| self.named(r)) } else { judged };
                    match judged {
                        Ok(row) => good.push(row),
                        Err(refused) => rows.refused.push(*refused),
                    }
                }
            }
            Batch::Flawed(bad) => {
                rows.refused = bad.into_iter().map(|row| self.bad(whole.node, row)).collect();
            }
        }
        // Before a node is made for any row: of a batch that is refused as a whole nothing stays.
        all_or_none(is_atomic, &rows.refused)?;
        for row in good {
            match self.child(whole, row, rights) {
                Ok(child) => rows.children.push(child),
                Err(refused) => rows.refused.push(*refused),
            }
        }
        all_or_none(is_atomic, &rows.refused)?;
        rows.refused.sort_by_key(|row| row.index);
        Ok(rows)
    }

    /// What of a row can be told without making its node.
    fn judge_row(
        &mut self,
        whole: Whole<'_>,
        index: usize,
        row: Result<ChildRow, BadRow>,
        rights: &dyn PublisherRights,
    ) -> Result<Row, Box<RefusedRow>> {
        let ChildRow { path, payload } = row.map_err(|row| Box::new(self.bad(whole.node, row)))?;
        let topic = format!("{}/{path}", whole.node.name).into_boxed_str();
        let payload = Bytes::from(payload);
        let mut reading = Reading::default();
        let allowed = if rights.may_publish(&topic) {
            reading.accept_row(&row_of(whole.inbound, &payload), &self.space.config)
        } else {
            Err(Rejection::no_right())
        };
        match self.counted(allowed) {
            Ok(()) => Ok(Row { index, topic, payload, reading }),
            Err(rejection) => Err(Box::new(RefusedRow { index, topic, payload, rejection })),
        }
    }

    /// The row if its topic may be one.
    fn named(&self, row: Row) -> Result<Row, Box<RefusedRow>> {
        let Row { index, topic, payload, reading } = row;
        match self.counted(self.space.check_name(&topic)) {
            Ok(()) => Ok(Row { index, topic, payload, reading }),
            Err(rejection) => Err(Box::new(RefusedRow { index, topic, payload, rejection })),
        }
    }

    /// The node of a row, and what its rule says.
    fn child(
        &mut self,
        whole: Whole<'_>,
        row: Row,
        rights: &dyn PublisherRights,
    ) -> Result<Child, Box<RefusedRow>> {
        let Row { index, topic, payload, reading } = row;
        let judged = match self.resolve(whole.node.org, &topic, rights) {
            Ok(Resolved::Node(node)) => {
                let inbound = &row_of(whole.inbound, &payload);
                let verdict = self.ask_rule(&node, Read { inbound, reading: &reading });
                verdict.and_then(|verdict| match self.destination(&node, rights)? {
                    Some(node) => Ok((node, verdict)),
                    None => Err(no_place()),
                })
            }
            Ok(Resolved::Guarded | Resolved::Plain) => Err(no_place()),
            Err(rejection) => Err(rejection),
        };
        match judged {
            Ok((node, verdict)) => Ok(Child { node, payload, reading, verdict }),
            Err(rejection) => Err(Box::new(RefusedRow { index, topic, payload, rejection })),
        }
    }

    fn bad(&mut self, parent: &Node, row: BadRow) -> RefusedRow {
        let topic = match row.path {
            Some(path) if !path.is_empty() => format!("{}/{path}", parent.name).into(),
            _ => (*parent.name).into(),
        };
        let detail = format!("row {}: {}", row.index, row.detail);
        let rejection = Rejection::new(Reason::PayloadMalformed, detail);
        self.rejections.count(rejection.reason);
        RefusedRow { index: row.index, topic, payload: row.payload.into(), rejection }
    }
}

fn no_place() -> Rejection {
    Rejection::new(Reason::TopicInvalid, "nothing can live below this node")
}

/// A row as a publish of its own. What is retained is the batch, on its own topic.
fn row_of<'a>(batch: &Inbound<'a>, payload: &'a [u8]) -> Inbound<'a> {
    Inbound { payload, properties: &[], retain: false, ..*batch }
}

/// Refuses an atomic batch that has a refused row.
fn all_or_none(is_atomic: bool, refused: &[RefusedRow]) -> Result<(), Rejection> {
    let Some(first) = refused.iter().min_by_key(|row| row.index).filter(|_| is_atomic) else {
        return Ok(());
    };
    let (topic, detail) = (&first.topic, &first.rejection.detail);
    let detail = format!(
        "{} rows of an atomic batch, the first one, row {}, to `{topic}`: {detail}",
        refused.len(),
        first.index
    );
    let said = refused.iter().filter_map(|row| row.rejection.said.as_deref());
    let said: Vec<_> = said.flatten().cloned().collect();
    let said = (!said.is_empty()).then(|| Box::new(said));
    Err(Rejection { said, ..Rejection::new(first.rejection.reason, detail) })
}
