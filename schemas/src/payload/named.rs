//! Named points (NS-19, NS-19c): several points in one payload, each under a name of its own. They lie
//! in arrays whose elements have a name and a value (Kepware, Siemens, Neuron, SenML, samples of OPC
//! Publisher), in `values` beside a time (ThingsBoard, Neuron, TwinCAT), and in the `Payload` of OPC UA
//! PubSub. Whether they become fields or children is decided by who asks.

pub(super) mod element;

use uns_model::{Quality, Timestamp};

use super::context::DecodeContext;
use super::envelope::{self, Envelope};
use super::rows::BATCH_SAMPLES_MAX;
use super::scan::{Kind, Token, elements, members};
use super::shape::Shape;
pub(super) use element::Called;
use element::{Base, Element};

/// One of several points.
pub(super) enum Item<'a> {
    Point(Called<'a>, Envelope<'a>),
    /// Several fields under one name.
    Document(Called<'a>, Option<Timestamp>, Token<'a>),
    /// An element that is none.
    Unread(Token<'a>),
}

impl Item<'_> {
    /// Its value as it was published.
    pub(super) fn raw(&self) -> String {
        match self {
            Self::Point(_, envelope) => envelope.value.raw(),
            Self::Document(.., token) | Self::Unread(token) => token.raw(),
        }
    }
}

/// How an outermost member holds named points.
#[derive(Clone, Copy)]
pub(super) enum Container<'a> {
    /// Elements with a name and a value each.
    Array,
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
        Container::Series => series(token, time, context, each),
        Container::Payload(writer) => payload((writer, token), time, context, each),
        Container::Errors => {
            for (name, token) in members(token) {
                let null = Token { kind: Kind::Null, text: token.text };
                let mut envelope = Envelope::of(null, time);
                envelope.word = Some(Quality::BAD);
                each(Item::Point(Called::own(name), envelope));
            }
        }
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
                each(Item::Point(called, dated(envelope.unwrapped(context), time)));
            }
            Element::Series(own, values) => series(values, own.or(time), context, each),
            Element::Payload(own, fields, writer) => {
                payload((writer, fields), own.or(time), context, each);
            }
            Element::Network(messages) => self::array(messages, time, context, each),
            Element::Metric(called, own, fields) => {
                for (name, token) in members(fields) {
                    let called = Called { own: Some(name), ..called };
                    each(Item::Point(called, Envelope::of(token, own.or(time))));
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
        each(Item::Point(Called::own(name), envelope));
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
        each(Item::Point(called, dated(envelope, time)));
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
