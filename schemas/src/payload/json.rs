//! What JSON becomes: one value, a batch, or a document with its fields.

use uns_model::{Finding, PointRef, ValueRef};

use super::batch::{self, Rows};
use super::children;
use super::context::DecodeContext;
use super::document::{self, Document};
use super::named;
use super::point::hand_on;
use super::rows::Batch;
use super::scan::{self, Kind, Token};
use super::shape::Shape;
use super::sink::Sink;
use crate::Malformed;

/// Reads JSON; `None`: it is none, and nothing was handed on.
pub(super) fn read(
    text: &str,
    declared: bool,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> Result<Option<Option<Batch>>, Malformed> {
    let mut shape = Shape::default();
    let mut member = |name, token| shape.member(name, token, context);
    let Some(json) = scan::whole(text, &mut member)? else { return Ok(None) };
    let too_many = batch::too_many(json, &shape.columns, context);
    if let Some(rows) = too_many.filter(|_| context.children) {
        return Err(Malformed::TooManyRows { rows });
    }
    let mut batch = None;
    let left_out = match json.kind {
        Kind::Object { .. } => {
            batch = children::read(json, &shape, context).map(Batch::Children);
            object(json, &shape, declared, context, sink)
        }
        Kind::Array { .. } => array(json, &mut batch, context, sink),
        _ => {
            hand_on(PointRef::new(ValueRef::Null), json, sink);
            0
        }
    };
    leave_out(left_out, sink);
    Ok(Some(batch))
}

pub(super) fn leave_out(fields: u32, sink: &mut impl Sink) {
    if fields > 0 {
        sink.finding(Finding::FieldsLeftOut(fields));
    }
}

fn array(
    json: Token<'_>,
    batch: &mut Option<Batch>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> u32 {
    if !named::is_named(json, context)
        && let Some(Rows { bad, left_out }) = batch::rows_of(json, context, sink)
    {
        // Where rows can be refused singly they are no loss to be told of.
        let count = if context.children { 0 } else { bad.len() };
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        *batch = (!bad.is_empty()).then_some(Batch::Flawed(bad));
        return left_out.saturating_add(count);
    }
    *batch = children::read(json, &Shape::default(), context).map(Batch::Children);
    whole_document(json, None, PointRef::new(ValueRef::Null), context, sink)
}

fn object(
    json: Token<'_>,
    shape: &Shape<'_>,
    declared: bool,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> u32 {
    if batch::columns(&shape.columns, context, sink) {
        return 0;
    }
    let beyond = batch::too_many(json, &shape.columns, context).unwrap_or_default();
    let beyond = u32::try_from(beyond).unwrap_or(u32::MAX);
    if shape.envelope.is_one(declared) {
        let envelope = shape.envelope.unwrapped(context);
        let left_out = batch::envelope_points(&envelope, context, sink);
        // Values by name beside it keep their names, where those are fields.
        let shape = (!context.children).then_some(shape);
        return left_out + batch::neighbours((json, &envelope, shape), declared, context, sink);
    }
    let model = PointRef { source: shape.time(), ..PointRef::new(ValueRef::Null) };
    whole_document(json, Some(shape), model, context, sink).saturating_add(beyond)
}

fn whole_document(
    token: Token<'_>,
    shape: Option<&Shape<'_>>,
    model: PointRef<'static>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> u32 {
    hand_on(model, token, sink);
    let document = Document { token, shape, model, beside: None, value_quality: None };
    document::explode(document, context, sink)
}
