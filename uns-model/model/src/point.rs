//! What one payload says about one node or one of its fields.

use std::sync::Arc;

use crate::{Quality, Timestamp, Value};

/// One decoded value, before it is folded into last value and history.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The JSON field (`motor.temp`) this point belongs to; `None` is the node's own value.
    pub field: Option<Arc<str>>,
    /// The value, exact.
    pub value: Value,
    /// Its quality; [`Quality::GOOD`] unless the payload or a time rule says otherwise.
    pub quality: Quality,
    /// The unit the payload named, as it was written. It belongs to the series: a point that names
    /// none has the unit of the points before it, and another one begins a new generation (NS-23a).
    pub unit: Option<Arc<str>>,
    /// The source time the payload named; `None` means ingest time counts.
    pub source: Option<Timestamp>,
    /// The source's own `seq`, part of the sample key (NS-26).
    pub seq: Option<u64>,
    /// Marked `historical`: history only, never the last value (NS-24).
    pub historical: bool,
}
