//! Batches of children (NS-19, NS-21): `{"points":[{"path":"motor/temp","value":1}, …]}`, and named
//! points on a topic below which they are nodes. Each is a sample of the child its path names, and one
//! that cannot be used costs no other.

use std::fmt::Write as _;

use uns_model::{Quality, Timestamp};

use super::context::DecodeContext;
use super::envelope::{self, Envelope};
use super::named::{self, Called, Container, Item};
use super::rows::{self, BadRow, ChildRow};
use super::scan::{Kind, Token, elements, members};
use super::shape::Shape;
use super::text;
use super::value::rewrite;

const NO_POINT: &str = "a point is an object with `path`, a string that is not empty, and a value";
const NO_NAME: &str = "a point is an object with a name and a value";
const LONG_NAMES: &str = "the names of the points in one payload have at most 1 MiB together";

/// What the names of one payload may have together. A beginning that many points share is written once in the
/// payload, and here once for each point.
const NAMES_BYTES_MAX: usize = 1 << 20;

type Row = Result<ChildRow, BadRow>;

/// The rows of a payload that has points for children.
pub(super) fn read<'a>(
    json: Token<'a>,
    shape: &Shape<'a>,
    context: &DecodeContext<'_>,
) -> Option<Vec<Row>> {
    if !context.children {
        return None;
    }
    if let Some(points) = shape.points.filter(|points| rows::has_path(*points)) {
        let is_time = |(name, token): &_| envelope::is_time(*name, *token, context);
        let time = members(json).find(is_time);
        let rows = elements(points).zip(0..);
        return Some(rows.map(|(point, index)| row(point, index, time, context)).collect());
    }
    if shape.is_envelope() {
        return None;
    }
    let mut rows = Vec::new();
    let mut names_left = NAMES_BYTES_MAX;
    let mut each = |item: Item<'_>| {
        let row = named_row(&item, rows.len(), &mut names_left);
        rows.push(row);
    };
    let time = shape.time();
    match json.kind {
        Kind::Array { .. } if named::is_named(json, context) => {
            named::show(Container::Array, json, time, context, &mut each);
        }
        Kind::Object { .. } if shape.has_containers() => {
            shape.members(json, |name, token| {
                if let Some(container) = named::container(name.text, token, shape, context) {
                    named::show(container, token, time, context, &mut each);
                }
            });
        }
        _ => {}
    }
    (!rows.is_empty()).then_some(rows)
}

fn row<'a>(
    point: Token<'a>,
    index: usize,
    time: Option<(Token<'a>, Token<'a>)>,
    context: &DecodeContext<'_>,
) -> Row {
    let path = rows::path(point).map(meant).filter(|path| !path.is_empty());
    let sample = envelope::read(point, true, context);
    let (Some(path), Some(sample)) = (&path, sample) else {
        return Err(BadRow::new(index, path, point.raw(), NO_POINT));
    };
    Ok(ChildRow { path: path.clone(), payload: payload(point, &sample, time) })
}

fn payload(
    point: Token<'_>,
    sample: &Envelope<'_>,
    time: Option<(Token<'_>, Token<'_>)>,
) -> String {
    let inherited = time.filter(|_| sample.source.is_none());
    let own = members(point).filter(|(name, _)| name.text != "path");
    let mut payload = String::with_capacity(point.text.len());
    for (name, token) in own.chain(inherited) {
        payload.push(if payload.is_empty() { '{' } else { ',' });
        rewrite(name, &mut payload);
        payload.push(':');
        rewrite(token, &mut payload);
    }
    payload.push('}');
    payload
}

fn named_row(item: &Item<'_>, index: usize, names_left: &mut usize) -> Row {
    if let Item::Point { called, .. } | Item::Document(called, ..) | Item::Rest(called, ..) = item {
        // Asked before the name is put together.
        let length = called.pieces().map(|(_, piece)| piece.text.len() + 1).sum();
        match names_left.checked_sub(length) {
            Some(left) => *names_left = left,
            None => return Err(BadRow::new(index, None, item.raw(), LONG_NAMES)),
        }
    }
    match item {
        Item::Point { called, envelope, object } => {
            let path = path(*called);
            if path.is_empty() {
                return Err(BadRow::new(index, None, envelope.value.raw(), NO_NAME));
            }
            let mut payload = canonical(envelope);
            if let Some(object) = object {
                add_neighbours(*object, envelope, &mut payload);
            }
            payload.push('}');
            Ok(ChildRow { path, payload })
        }
        Item::Document(called, time, token) | Item::Rest(called, time, token) => {
            let is_rest = matches!(item, Item::Rest(..));
            let is_shown = |(key, value): &(Token<'_>, Token<'_>)| {
                !(is_rest && named::is_taken(*key, *value, *token))
            };
            let payload = document(members(*token).filter(is_shown), *time);
            Ok(ChildRow { path: path(*called), payload })
        }
        Item::Unread(token) => Err(BadRow::new(index, None, token.raw(), NO_NAME)),
    }
}

/// An element that has fields instead of a value, with the time that it has from elsewhere.
fn document<'a>(
    members: impl Iterator<Item = (Token<'a>, Token<'a>)>,
    time: Option<Timestamp>,
) -> String {
    let (mut payload, mut is_dated) = (String::from("{"), false);
    for (name, value) in members {
        is_dated |= envelope::is_time_key(name);
        if payload.len() > 1 {
            payload.push(',');
        }
        rewrite(name, &mut payload);
        payload.push(':');
        rewrite(value, &mut payload);
    }
    if let Some(time) = time.filter(|time| time.in_range() && !is_dated) {
        write!(payload, ",\"timestamp\":\"{time}\"").expect("a string takes everything");
    }
    payload.push('}');
    payload
}

/// A name as a path: what is joined by dots are levels.
fn path(called: Called<'_>) -> String {
    let mut path = String::new();
    for (dotted, piece) in called.pieces() {
        if dotted && !path.is_empty() {
            path.push('/');
        }
        path.push_str(&meant(piece));
    }
    path.replace('.', "/")
}

fn meant(token: Token<'_>) -> String {
    text::unescape(token.text, token.kind == Kind::Text { escaped: true }).into_owned()
}

/// Adds what stands beside the value of a point to its canonical form, under names that it does not use.
fn add_neighbours(object: Token<'_>, envelope: &Envelope<'_>, payload: &mut String) {
    for (name, token) in members(object) {
        let is_said = match &*meant(name) {
            "status" => code(envelope).is_some(),
            name => is_canonical(name),
        };
        if is_said || !envelope.is_neighbour(name, token) {
            continue;
        }
        payload.push(',');
        rewrite(name, payload);
        payload.push(':');
        rewrite(token, payload);
    }
}

/// The names of the canonical form, but for `status`, which only some of them have.
fn is_canonical(name: &str) -> bool {
    matches!(name, "value" | "quality" | "timestamp" | "unit" | "seq" | "historical")
}

/// The code of a quality that its word does not tell.
fn code(envelope: &Envelope<'_>) -> Option<u32> {
    let words = [Quality::GOOD, Quality::UNCERTAIN, Quality::BAD];
    envelope.quality().filter(|quality| !words.contains(quality)).map(|quality| quality.0)
}

/// A named point in the canonical form, but for the brace at its end.
fn canonical(envelope: &Envelope<'_>) -> String {
    let mut payload = String::from("{\"value\":");
    match envelope.sum() {
        Some(sum) => {
            let written = uns_model::number::write_json_number(&sum, &mut payload);
            written.expect("a string takes everything");
        }
        None => rewrite(envelope.value, &mut payload),
    }
    let mut say = |name: &str, value: std::fmt::Arguments<'_>| {
        write!(payload, ",\"{name}\":{value}").expect("a string takes everything");
    };
    if let Some(quality) = envelope.quality() {
        say("quality", format_args!("\"{}\"", quality.word()));
    }
    if let Some(code) = code(envelope) {
        say("status", format_args!("{code}"));
    }
    if let Some(time) = envelope.source.filter(|time| time.in_range()) {
        say("timestamp", format_args!("\"{time}\""));
    }
    if let Some(unit) = envelope.unit {
        say("unit", format_args!("\"{}\"", unit.text));
    }
    if let Some(seq) = envelope.seq {
        say("seq", format_args!("{seq}"));
    }
    if envelope.historical {
        say("historical", format_args!("true"));
    }
    payload
}
