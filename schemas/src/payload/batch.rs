//! Batches of one node: several samples in one payload (NS-21).

use uns_model::{Point, Quality};

use super::document::{self, value_of};
use super::envelope::{self, Envelope};
use super::point::valued;
use super::scan::{Kind, Token, elements, members};
use super::{BATCH_SAMPLES_MAX, BadRow, DecodeContext};

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

/// Appends the samples of rows; whether the array is a batch at all.
pub(super) fn decode_rows(
    array: Token<'_>,
    context: &DecodeContext<'_>,
    out: &mut Vec<Point>,
) -> bool {
    let Some(rows) = rows(array, context) else { return false };
    for row in rows.flatten() {
        match row.value.kind {
            Kind::Object { .. } | Kind::Array { .. } => {
                document::explode(row.value, &row.point(context), out);
            }
            _ => out.push(valued(row.point(context), value_of(row.value))),
        }
    }
    true
}

/// The elements of a batch of rows that are none.
pub(super) fn bad_rows(array: Token<'_>, context: &DecodeContext<'_>) -> Vec<BadRow> {
    let rows = rows(array, context).into_iter().flatten();
    let bad = rows.zip(0..).filter_map(|(row, index)| row.err().map(|token| (token, index)));
    bad.map(|(token, index)| BadRow::new(index, None, token.raw(), NO_ROW)).collect()
}

/// Columns: `{"t":[..],"v":[..],"q":[..]}`. Appends nothing unless it is a batch: what does not fit
/// the shape entirely stays the document it is.
pub(super) fn columns(
    object: Token<'_>,
    context: &DecodeContext<'_>,
    out: &mut Vec<Point>,
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
    out.extend(elements(times).zip(elements(values)).map(|(time, value)| {
        let stated = qualities.as_mut().and_then(Iterator::next).and_then(envelope::quality);
        let model = Point {
            field: None,
            value: uns_model::Value::Null,
            quality: stated.unwrap_or(Quality::GOOD),
            unit: None,
            source: envelope::time(time, context),
            seq: None,
            historical: false,
        };
        valued(model, value_of(value))
    }));
    true
}
