//! What is known of one node. What few nodes have is shared with the checkpoint that is being
//! written, and copied when the fold goes on with it meanwhile.

use std::sync::Arc;

use uns_model::{Kept, Timestamp};

use super::last::{Field, Last};
use super::more::More;
use crate::node::Node;

/// A node that was minted, deleted or not. Small, since there are millions. To clone it copies nothing
/// it holds, however large, so that a checkpoint may do that under the lock of the view.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) node: Arc<Node>,
    pub(crate) own: Option<Last>,
    /// Its retained message.
    pub(crate) retained: Option<Kept>,
    pub(super) more: Option<Arc<More>>,
}

impl Entry {
    /// A node nothing was published to yet.
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node, own: None, retained: None, more: None }
    }

    /// A number from each cache line a publish needs, of no meaning.
    pub(super) fn touch(&self) -> u64 {
        let own =
            self.own.as_ref().map_or(0, |own| own.sequence.0 ^ own.ingest().0.cast_unsigned());
        own ^ u64::from(self.more.is_some())
    }

    /// Whether its deletion is not committed.
    pub(crate) fn is_living(&self) -> bool {
        // A deleted one has no value, so those that have one need not be asked.
        self.own.is_some() || !self.node.is_deletion_folded()
    }

    /// What few nodes have, to change it.
    pub(super) fn more_mut(&mut self) -> &mut More {
        Arc::make_mut(self.more.get_or_insert_default())
    }

    /// The values of its fields, by name.
    pub(crate) fn fields(&self) -> &[Field] {
        self.more.as_ref().map_or(&[], |more| &more.fields)
    }

    /// The same, to put back what a checkpoint kept of them.
    pub(crate) fn fields_mut(&mut self) -> &mut [Field] {
        self.more.as_mut().map_or(&mut [], |more| &mut Arc::make_mut(more).fields)
    }

    /// Puts back the fields a checkpoint kept.
    pub(crate) fn set_fields(&mut self, fields: Vec<Field>) {
        if !fields.is_empty() {
            self.more_mut().fields = fields;
        }
    }

    /// When its last sample came in.
    pub(crate) fn last_ingest(&self) -> Option<Timestamp> {
        let more = self.more.as_ref().and_then(|more| more.last_ingest);
        more.or(self.own.as_ref().map(Last::ingest))
    }

    /// Most nodes need no place for it: it is that of their last value. It is the newest in log
    /// order, which may be before others where the hub's clock was set back.
    pub(crate) fn note_ingest(&mut self, ingest: Timestamp) {
        if self.own.as_ref().is_some_and(|own| own.ingest() == ingest) {
            let more = self.more.as_mut().filter(|more| more.last_ingest.is_some());
            more.into_iter().for_each(|more| Arc::make_mut(more).last_ingest = None);
        } else {
            self.more_mut().last_ingest = Some(ingest);
        }
    }

    /// Forgets the values of a deleted node.
    pub(super) fn set_deletion_folded(&mut self) {
        self.node.set_deletion_folded();
        self.own = None;
        self.more = None;
    }

    /// A field, or where it belongs.
    pub(super) fn find_field(&mut self, name: &str) -> Result<&mut Field, usize> {
        let place = self.fields().binary_search_by(|field| (*field.name).cmp(name))?;
        Ok(&mut self.fields_mut()[place])
    }

    /// A newcomer takes the place of the field that was silent longest where there are `fields_max`.
    pub(super) fn add_field(&mut self, mut place: usize, field: Field, fields_max: usize) {
        let More { fields, .. } = self.more_mut();
        while fields.len() >= fields_max.max(1) {
            let silent = fields.iter().enumerate().min_by_key(|(_, field)| field.last.sequence);
            let silent = silent.map_or(0, |(at, _)| at);
            fields.remove(silent);
            if silent < place {
                place -= 1;
            }
        }
        fields.insert(place, field);
    }
}
