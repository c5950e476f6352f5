//! Last values as lists show them: in the tree and among what a search found.

use schemas::http::ListedValue;
use uns_model::Value;
use uns_model::query::LastValue;

/// The last value of a node that may have none, as lists show it.
pub(crate) fn listed<'a>(
    last: Option<&'a LastValue>,
    cut: Option<&'a (Value, u64)>,
) -> ListedValue<'a> {
    let Some(last) = last else { return ListedValue::default() };
    let unit = last.remarks.unit.as_deref();
    ListedValue {
        fields_left_out: last.remarks.fields_left_out,
        encoding: last.remarks.windows_1252.then_some("windows-1252"),
        ..ListedValue::new((&last.value, cut), last.quality, last.timestamp, unit)
    }
}

/// How a long value begins, and its size.
pub(crate) fn cut_of(last: Option<&LastValue>) -> Option<(Value, u64)> {
    last.and_then(|last| schemas::cut(&last.value))
}
