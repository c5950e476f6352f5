//! Named points (NS-19, NS-19c): several points in one payload, each under a name of its own. They lie
//! in arrays whose elements have a name and a value (Kepware, Siemens, Neuron, SenML, samples of OPC
//! Publisher), in `values` beside a time (ThingsBoard, Neuron, TwinCAT), and in the `Payload` of OPC UA
//! PubSub. Whether they become fields or children is decided by who asks.

pub(super) mod element;

use uns_model::{Quality, Timestamp};

use super::context::DecodeContext;
use super::envelope::{self, Envelope};
use super::rows::{self, BATCH_SAMPLES_MAX};
use super::scan::{Kind, Token, elements, members};
use super::shape::Shape;
pub(super) use element::Called;
use element::{Base, Element};

/// One of several points.
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, on the stack: a box would be an allocation for each"
)]
pub(super) enum Item<'a> {
    Point {
        called: Called<'a>,
        envelope: Envelope<'a>,
        /// The object it is read from, where that has fields beside the value.
        object: Option<Token<'a>>,
    },
    /// Several fields under one name.
    Document(Called<'a>, Option<Timestamp>, Token<'a>),
    /// What stands beside several fields under one name.
    Rest(Called<'a>, Option<Timestamp>, Token<'a>),
    /// An element that is none.
    Unread(Token<'a>),
}

/// Whether a member of an element holds the fields that are points of their own, or a part of their name.
pub(super) fn is_taken(key: Token<'_>, token: Token<'_>, element: Token<'_>) -> bool {
    let has_values = || {
        let is_values = |(key, token): (Token<'_>, Token<'_>)| {
            key.text == "values" && matches!(token.kind, Kind::Object { .. })
        };
        members(element).any(is_values)
    };
    matches!(token.kind, Kind::Object { .. })
        && match key.text {
            "values" => true,
            "fields" | "tags" => !has_values(),
            _ => false,
        }
}

impl<'a> Item<'a> {
    /// A point of which the payload says no more.
    fn plain(called: Called<'a>, envelope: Envelope<'a>) -> Self {
        Self::Point { called, envelope, object: None }
    }

    /// A point and what stands beside its value.
    fn with_neighbours(called: Called<'a>, envelope: Envelope<'a>, object: Token<'a>) -> Self {
        let object = envelope.has_neighbours().then_some(object);
        Self::Point { called, envelope, object }
    }

    /// Its value as it was published.
    pub(super) fn raw(&self) -> String {
        match self {
            Self::Point { envelope, .. } => envelope.value.raw(),
            Self::Document(.., token) | Self::Rest(.., token) | Self::Unread(token) => token.raw(),
        }
    }
}

/// How an outermost member holds named points.
#[derive(Clone, Copy)]
pub(super) enum Container<'a> {
    /// Elements with a name and a value each.
    Array,
    /// Elements with a path and a value each, where they are no children.
    Rows,
    /// `{"temp":23.4}` beside a time.
    Series,
    /// What could not be read, by name: `{"temp":2014}` beside a series.
    Errors,
    /// The fields of an OPC UA DataSetMessage, and by whom it was written.
    Payload(Option<Token<'a>>),
}

/// Whether an array under this key has points that are named by themselves alone; under other keys
/// the key is a part of their names.
pub(super) fn is_plain_container(key: &str) -> bool {
    matches!(
        key,
        "values"
            | "vals"
            | "tags"
            | "points"
            | "measurements"
            | "metrics"
            | "data"
            | "d"
            | "Messages"
    )
}

/// How an outermost member of an object holds named points, if it does.
pub(super) fn container<'a>(
    key: &str,
    token: Token<'_>,
    shape: &Shape<'a>,
    context: &DecodeContext<'_>,
) -> Option<Container<'a>> {
    let found = match (token.kind, key) {
        (Kind::Object { .. }, "values" | "Values") if shape.is_series() => Container::Series,
        (Kind::Object { .. }, "errors") if shape.is_series() => Container::Errors,
        (Kind::Object { .. }, "Payload") if shape.is_data_set() => {
            Container::Payload(shape.writer())
        }
        (Kind::Array { .. }, "points") if rows::has_path(token) => return Some(Container::Rows),
        (Kind::Array { .. }, _) if is_plain_container(key) => Container::Array,
        _ => return None,
    };
    (!matches!(found, Container::Array) || is_named(token, context)).then_some(found)
}

/// Shows the points of an outermost member; `time` is theirs where they name none.
pub(super) fn show<'a>(
    container: Container<'a>,
    token: Token<'a>,
    time: Option<Timestamp>,
    context: &DecodeContext<'_>,
    each: &mut dyn FnMut(Item<'a>),
) {
    match container {
        Container::Array => array(token, time, context, each),
        Container::Rows => {
            for row in elements(token) {
                each(self::row(row, time, context));
            }
        }
        Container::Series => series(token, time, context, each),
        Container::Payload(writer) => payload((writer, token), time, context, each),
        Container::Errors => {
            for (name, token) in members(token) {
                let null = Token { kind: Kind::Null, text: token.text };
                let mut envelope = Envelope::of(null, time);
                envelope.word = Some(Quality::BAD);
                each(Item::plain(Called::own(name), envelope));
            }
        }
    }
}

/// A row with a path, which has one value whatever stands beside it.
fn row<'a>(row: Token<'a>, time: Option<Timestamp>, context: &DecodeContext<'_>) -> Item<'a> {
    let Some(path) = rows::path(row) else { return Item::Unread(row) };
    let mut envelope = Envelope::default();
    for (name, token) in members(row).filter(|(name, _)| name.text != "path") {
        envelope.member(name, token, context);
    }
    if !envelope.has_value() || path.text.is_empty() {
        return Item::Unread(row);
    }
    Item::with_neighbours(Called::own(path), dated(envelope.unwrapped(context), time), row)
}

/// Whether a member beside the value of a named point is a field.
pub(super) fn is_field(
    container: Container<'_>,
    envelope: &Envelope<'_>,
    name: Token<'_>,
    token: Token<'_>,
) -> bool {
    match name.text {
        "path" if matches!(container, Container::Rows) => false,
        "bn" | "bt" | "bu" | "bv" | "bver" | "vs" | "vb" | "vd" => false,
        _ => envelope.may_be_document() || envelope.is_neighbour(name, token),
    }
}

/// So many elements are looked at to tell whether an array has named points: one of a gateway that could
/// not be read has no value, and may be the first.
const LOOKED_AT: usize = 16;

/// Whether some of the elements of an array, of the first few, are named points.
pub(super) fn is_named(array: Token<'_>, context: &DecodeContext<'_>) -> bool {
    elements(array).take(LOOKED_AT).any(|element| {
        !matches!(Element::read(element, &mut Base::default(), context), Element::Unread)
    })
}

/// Shows the points of an array of named points.
pub(super) fn array<'a>(
    array: Token<'a>,
    time: Option<Timestamp>,
    context: &DecodeContext<'_>,
    each: &mut dyn FnMut(Item<'a>),
) {
    let mut base = Base::default();
    for (index, token) in elements(array).enumerate() {
        if index >= BATCH_SAMPLES_MAX {
            each(Item::Unread(token));
            continue;
        }
        match Element::read(token, &mut base, context) {
            Element::Point(called, envelope) => {
                let envelope = dated(envelope.unwrapped(context), time);
                each(Item::with_neighbours(called, envelope, token));
            }
            Element::Series(own, values, has_rest) => {
                series(values, own.or(time), context, each);
                let is_shown = |(key, value): &(Token<'_>, Token<'_>)| {
                    has_rest && !is_taken(*key, *value, token) && !envelope::is_time_key(*key)
                };
                for (name, value) in members(token).filter(is_shown) {
                    let envelope = Envelope::of(value, own.or(time));
                    each(Item::plain(Called::own(name), envelope));
                }
            }
            Element::Payload(own, fields, writer) => {
                payload((writer, fields), own.or(time), context, each);
            }
            Element::Network(messages) => self::array(messages, time, context, each),
            Element::Metric(called, own, fields, has_rest) => {
                for (name, token) in members(fields) {
                    let called = Called { own: Some(name), ..called };
                    each(Item::plain(called, Envelope::of(token, own.or(time))));
                }
                if has_rest {
                    each(Item::Rest(called, own.or(time), token));
                }
            }
            Element::Document(called, own) => each(Item::Document(called, own.or(time), token)),
            Element::Base => {}
            Element::Unread => each(Item::Unread(token)),
        }
    }
}

fn series<'a>(
    values: Token<'a>,
    time: Option<Timestamp>,
    context: &DecodeContext<'_>,
    each: &mut dyn FnMut(Item<'a>),
) {
    for (name, token) in members(values) {
        let said = object(token, context).filter(Envelope::is_marked);
        let envelope = dated(said.unwrap_or(Envelope::of(token, None)), time);
        each(Item::with_neighbours(Called::own(name), envelope, token));
    }
}

/// A field of PubSub is a `DataValue`, a `Variant`, or a plain value.
fn payload<'a>(
    (writer, fields): (Option<Token<'a>>, Token<'a>),
    time: Option<Timestamp>,
    context: &DecodeContext<'_>,
    each: &mut dyn FnMut(Item<'a>),
) {
    for (name, token) in members(fields) {
        let said = object(token, context);
        let envelope = said.unwrap_or(Envelope::of(token, None)).unwrapped(context);
        let called = Called { source: writer, ..Called::own(name) };
        each(Item::plain(called, dated(envelope, time)));
    }
}

fn object<'a>(token: Token<'a>, context: &DecodeContext<'_>) -> Option<Envelope<'a>> {
    let Kind::Object { .. } = token.kind else { return None };
    envelope::read(token, false, context)
}

fn dated(mut envelope: Envelope<'_>, time: Option<Timestamp>) -> Envelope<'_> {
    envelope.source = envelope.source.or(time);
    envelope
}
