//! Batches of one node: several samples in one payload (NS-21).

use uns_model::{PointRef, Quality, ValueRef};

use super::context::DecodeContext;
use super::document::{self, Document};
use super::envelope::{self, Envelope, stated};
use super::point::hand_on;
use super::rows::{BATCH_SAMPLES_MAX, BadRow};
use super::scan::{Kind, Token, elements};
use super::shape::Columns;
use super::sink::Sink;

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
        let row = row.map(|row| row.unwrapped(context));
        row.filter(|row| row.source.is_some()).ok_or(element)
    };
    elements(array).next().and_then(|first| read(first).ok())?;
    let fits = elements(array).take(BATCH_SAMPLES_MAX + 1).count() <= BATCH_SAMPLES_MAX;
    fits.then(|| elements(array).map(read))
}

/// Hands on the samples of rows, and gives the elements that are none; `None`: it is no such batch.
pub(super) fn rows_of(
    array: Token<'_>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> Option<Vec<BadRow>> {
    let mut bad = Vec::new();
    for (row, index) in rows(array, context)?.zip(0..) {
        match row {
            Ok(row) => {
                envelope_points(&row, context, sink);
            }
            Err(token) => bad.push(BadRow::new(index, None, token.raw(), NO_ROW)),
        }
    }
    Some(bad)
}

/// Hands on what an envelope says. Gives how many fields of a document there was no room for.
#[inline]
pub(super) fn envelope_points(
    envelope: &Envelope<'_>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> u32 {
    let unit = envelope.unit();
    let model = envelope.point(unit.as_deref());
    hand_on(model, envelope.value, sink);
    if let Kind::Object { .. } = envelope.value.kind {
        // A unit is said of a value, and a document is none.
        let model = envelope.point(None);
        let document = Document { token: envelope.value, shape: None, model };
        return document::explode(document, context, sink);
    }
    0
}

/// Columns: `{"t":[..],"v":[..],"q":[..]}`. Hands on nothing unless it is a batch: what does not fit
/// the shape entirely stays the document it is.
pub(super) fn columns(
    columns: &Columns<'_>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> bool {
    let Columns { times: Some(times), values: Some(values), qualities, others: false } = *columns
    else {
        return false;
    };
    let length = elements(times).take(BATCH_SAMPLES_MAX + 1).count();
    let fits = |column| elements(column).take(BATCH_SAMPLES_MAX + 1).count() == length;
    if !(1..=BATCH_SAMPLES_MAX).contains(&length) || !fits(values) || !qualities.is_none_or(fits) {
        return false;
    }
    let mut qualities = qualities.map(elements);
    for (time, value) in elements(times).zip(elements(values)) {
        let stated = qualities.as_mut().and_then(Iterator::next).and_then(stated::quality);
        let model = PointRef {
            quality: stated.unwrap_or(Quality::GOOD),
            source: stated::time(time, context),
            ..PointRef::new(ValueRef::Null)
        };
        hand_on(model, value, sink);
    }
    true
}
