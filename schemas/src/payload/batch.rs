//! Batches of one node: several samples in one payload (NS-21).

use uns_model::{PointRef, Quality, ValueRef};

use super::context::DecodeContext;
use super::envelope::{self, Envelope};
use super::point::hand_on;
use super::rows::BadRow;
use super::scan::{Kind, Token, elements, members};
use super::sink::Sink;

/// The most samples one batch has; more are one document.
pub const BATCH_SAMPLES_MAX: usize = 10_000;
/// Why a row is no sample.
const NO_ROW: &str = "a row of a batch is an object with a value and its time";

/// The rows of an array that is a batch: `[{"value":1,"timestamp":".."}, …]`. Its first element
/// decides whether it is one.
fn rows<'a>(
    array: Token<'a>,
    context: &DecodeContext<'_>,
) -> Option<impl Iterator<Item = Result<Envelope<'a>, Token<'a>>>> {
    let read = |element: Token<'a>| {
        let object = matches!(element.kind, Kind::Object { .. });
        let row = object.then(|| envelope::read(element, false, context)).flatten();
        row.filter(|row| row.source.is_some()).ok_or(element)
    };
    elements(array).next().and_then(|first| read(first).ok())?;
    let fits = elements(array).take(BATCH_SAMPLES_MAX + 1).count() <= BATCH_SAMPLES_MAX;
    fits.then(|| elements(array).map(read))
}

/// Hands on the samples of rows; whether the array is a batch at all.
pub(super) fn decode_rows(
    array: Token<'_>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> bool {
    let Some(rows) = rows(array, context) else { return false };
    for row in rows.flatten() {
        row.hand_on(sink);
    }
    true
}

/// The elements of a batch of rows that are none.
pub(super) fn bad_rows(array: Token<'_>, context: &DecodeContext<'_>) -> Vec<BadRow> {
    let rows = rows(array, context).into_iter().flatten();
    let bad = rows.zip(0..).filter_map(|(row, index)| row.err().map(|token| (token, index)));
    bad.map(|(token, index)| BadRow::new(index, None, token.raw(), NO_ROW)).collect()
}

/// Columns: `{"t":[..],"v":[..],"q":[..]}`. Hands on nothing unless it is a batch: what does not fit
/// the shape entirely stays the document it is.
pub(super) fn columns(
    object: Token<'_>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> bool {
    let (mut times, mut values, mut qualities) = (None, None, None);
    for (key, token) in members(object) {
        let column = match key.text {
            "t" => &mut times,
            "v" => &mut values,
            "q" => &mut qualities,
            _ => return false,
        };
        if !matches!(token.kind, Kind::Array { .. }) {
            return false;
        }
        *column = Some(token);
    }
    let (Some(times), Some(values)) = (times, values) else {
        return false;
    };
    let length = elements(times).take(BATCH_SAMPLES_MAX + 1).count();
    let fits = |column| elements(column).take(BATCH_SAMPLES_MAX + 1).count() == length;
    if !(1..=BATCH_SAMPLES_MAX).contains(&length) || !fits(values) || !qualities.is_none_or(fits) {
        return false;
    }
    let mut qualities = qualities.map(elements);
    for (time, value) in elements(times).zip(elements(values)) {
        let stated = qualities.as_mut().and_then(Iterator::next).and_then(envelope::quality);
        let model = PointRef {
            quality: stated.unwrap_or(Quality::GOOD),
            source: envelope::time(time, context),
            ..PointRef::new(ValueRef::Null)
        };
        hand_on(model, value, sink);
    }
    true
}
