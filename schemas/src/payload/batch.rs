//! Batches of one node: several samples in one payload (NS-21).

use uns_model::{PointRef, Quality, Timestamp, ValueRef};

use super::context::DecodeContext;
use super::document::{self, Document};
use super::envelope::{self, Envelope, stated};
use super::point::hand_on;
use super::rows::{BATCH_SAMPLES_MAX, BadRow};
use super::scan::{Kind, Token, elements};
use super::shape::{Columns, Shape};
use super::sink::Sink;
use super::text;

/// Why a row is no sample.
const NO_ROW: &str = "a row of a batch is an object with its time";

/// How many rows a batch of the node itself has, where that is more than one may have.
pub(super) fn too_many(
    json: Token<'_>,
    columns: &Columns<'_>,
    context: &DecodeContext<'_>,
) -> Option<usize> {
    let rows = match (json.kind, *columns) {
        (Kind::Array { .. }, _) => json,
        (_, Columns { times: Some(times), values: Some(_), others: false, .. }) => times,
        _ => return None,
    };
    let count =
        Some(rows).filter(|rows| may_exceed(*rows)).map_or(0, |rows| elements(rows).count());
    let is_batch = |first: Token<'_>| {
        !matches!(json.kind, Kind::Array { .. }) || !matches!(Row::read(first, context), Row::None)
    };
    (count > BATCH_SAMPLES_MAX && elements(rows).next().is_some_and(is_batch)).then_some(count)
}

/// Whether an array is long enough to have more elements than a batch may: each takes two bytes.
fn may_exceed(array: Token<'_>) -> bool {
    array.text.len() > 2 * BATCH_SAMPLES_MAX
}

/// What one row of a batch is.
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, on the stack: a box would be an allocation for each"
)]
enum Row<'a> {
    Sample(Envelope<'a>),
    /// A document with a time of its own.
    Document(Timestamp),
    None,
}

impl<'a> Row<'a> {
    fn read(element: Token<'a>, context: &DecodeContext<'_>) -> Self {
        let Kind::Object { .. } = element.kind else { return Self::None };
        match envelope::read(element, false, context).map(|row| row.unwrapped(context)) {
            Some(row) if row.source.is_some() => Self::Sample(row),
            Some(_) => Self::None,
            None => match envelope::time_of(element, context) {
                Some(time) => Self::Document(time),
                None => Self::None,
            },
        }
    }
}

/// What of a batch is no sample.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) bad: Vec<BadRow>,
    /// Fields of its samples that there was no room for.
    pub(super) left_out: u32,
}

/// Hands on the samples of an array that is a batch: `[{"value":1,"timestamp":".."}, …]`, also of
/// documents with a time each. Its first element decides whether it is one; `None`: it is not.
pub(super) fn rows_of(
    array: Token<'_>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> Option<Rows> {
    if let Row::None = Row::read(elements(array).next()?, context) {
        return None;
    }
    if may_exceed(array) && elements(array).take(BATCH_SAMPLES_MAX + 1).count() > BATCH_SAMPLES_MAX
    {
        return None;
    }
    let mut batch = Rows::default();
    for (element, index) in elements(array).zip(0..) {
        match Row::read(element, context) {
            Row::Sample(row) => {
                batch.left_out += envelope_points(&row, context, sink);
                if !row.is_alone() {
                    batch.left_out += neighbours((element, &row, None), false, context, sink);
                }
            }
            Row::Document(time) => {
                let model = PointRef { source: Some(time), ..PointRef::new(ValueRef::Null) };
                hand_on(model, element, sink);
                let document = Document {
                    token: element,
                    shape: None,
                    model,
                    beside: None,
                    value_quality: None,
                };
                batch.left_out += document::explode(document, context, sink);
            }
            Row::None => batch.bad.push(BadRow::new(index, None, element.raw(), NO_ROW)),
        }
    }
    Some(batch)
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
    // A unit is said of a value or of several, and an object is none.
    let model = match envelope.value.kind {
        Kind::Object { .. } => envelope.point(None),
        Kind::Array { .. } => model,
        _ => return 0,
    };
    // Its points are of this node.
    let context = DecodeContext { children: false, ..*context };
    let document =
        Document { token: envelope.value, shape: None, model, beside: None, value_quality: None };
    document::explode(document, &context, sink)
}

/// Hands on what an envelope is called by and what stands beside its value: fields of their own, whose
/// names are those that they have without the value. Where its shape is known, that tells of values by
/// name among them. Gives how many there was no room for.
pub(super) fn neighbours<'a>(
    (object, envelope, shape): (Token<'a>, &Envelope<'a>, Option<&Shape<'a>>),
    declared: bool,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> u32 {
    let mut left_out = 0;
    let is_container = matches!(envelope.value.kind, Kind::Object { .. } | Kind::Array { .. });
    if let Some(label) = envelope.label().filter(|_| !is_container) {
        let name = text::unescape(label.text, label.kind == Kind::Text { escaped: true });
        if (1..=document::NAME_BYTES_MAX).contains(&name.len()) {
            let unit = envelope.unit();
            let model = PointRef { field: Some(&name), ..envelope.point(unit.as_deref()) };
            envelope.hand_on_scalar(model, sink);
        } else {
            left_out += 1;
        }
    }
    if !envelope.has_neighbours() {
        return left_out;
    }
    let model = PointRef { quality: Quality::GOOD, ..envelope.point(None) };
    let beside = (declared || !envelope.may_be_document()).then_some(envelope);
    // It stands among the fields, and is no better there.
    let value_quality = envelope.may_be_document().then(|| envelope.quality()).flatten();
    let document = Document { token: object, shape, model, beside, value_quality };
    left_out + document::explode(document, context, sink)
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
