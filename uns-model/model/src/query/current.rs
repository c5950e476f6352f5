//! Last values.

use std::sync::Arc;

use crate::{Filter, OrgId, Quality, Sequence, Timestamp, Value};

/// Which last values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CurrentQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// The MQTT filter.
    pub filter: Filter,
    /// Continue after the page that gave this as `next`.
    pub after: Option<String>,
    /// At most so many values; a node's values may be on two pages.
    pub limit: usize,
}

/// The last value of a node or of one of its fields, and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct CurrentValue {
    /// The topic.
    pub topic: Arc<str>,
    /// The JSON field; `None` is the node's own value.
    pub field: Option<Arc<str>>,
    /// The value.
    pub last: LastValue,
}

/// A last value.
#[derive(Clone, PartialEq, Debug)]
pub struct LastValue {
    /// The value.
    pub value: Value,
    /// Its quality.
    pub quality: Quality,
    /// Source time, or ingest time where the source named none.
    pub timestamp: Timestamp,
    /// When the hub took it in.
    pub ingest: Timestamp,
    /// The record it came with.
    pub sequence: Sequence,
    /// What is said of it beside its value.
    pub remarks: Remarks,
}

/// What is said of a last value beside it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Remarks {
    /// The unit of its series (NS-23a).
    pub unit: Option<Arc<str>>,
    /// A field that the newest document no longer has: value and time are those of the last one that
    /// had it (NS-19f).
    pub superseded: bool,
    /// The fields of the document there was no room for (NS-20).
    pub fields_left_out: u32,
    /// The payload was no UTF-8 and read as Windows-1252 (NS-19d).
    pub windows_1252: bool,
}
