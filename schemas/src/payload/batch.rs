//! Batches: several samples of one node in one payload (NS-21). Whatever does not fit the shape
//! entirely is no batch, and stays the document it is.

use uns_model::{Point, Quality};

use super::envelope::{self, Envelope};
use super::scan::{Kind, Token, elements, members};
use super::{BATCH_SAMPLES_MAX, DecodeContext, value_of, with_value};

/// Rows: `[{"value":1,"timestamp":".."}, …]`. Appends nothing unless it is a batch.
pub(super) fn rows(array: Token<'_>, context: &DecodeContext, out: &mut Vec<Point>) -> bool {
    let before = out.len();
    for element in elements(array) {
        let row = (element.kind == Kind::Object && out.len() - before < BATCH_SAMPLES_MAX)
            .then(|| envelope::read(element, false, context))
            .flatten()
            .filter(|row| row.source.is_some());
        let Some(row) = row else {
            out.truncate(before);
            return false;
        };
        out.push(sample(&row));
    }
    out.len() > before
}

fn sample(row: &Envelope<'_>) -> Point {
    with_value(&row.point(), None, value_of(row.value))
}

/// Columns: `{"t":[..],"v":[..],"q":[..]}`. Appends nothing unless it is a batch.
pub(super) fn columns(object: Token<'_>, context: &DecodeContext, out: &mut Vec<Point>) -> bool {
    let (mut times, mut values, mut qualities) = (None, None, None);
    for (key, token) in members(object) {
        let column = match key.text {
            "t" => &mut times,
            "v" => &mut values,
            "q" => &mut qualities,
            _ => return false,
        };
        if token.kind != Kind::Array {
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
        with_value(&model, None, value_of(value))
    }));
    true
}
