//! One value with its quality and time: the canonical form and its relatives (NS-19, NS-19a).

mod key;
mod seen;
pub(super) mod stated;
mod take;

use std::borrow::Cow;

use uns_model::{PointRef, Quality, Timestamp, Value, ValueRef, number};

use super::context::DecodeContext;
use super::point::{hand_on, valued};
use super::scan::{Kind, Token, flat, members};
use super::sink::Sink;
use super::text;
use key::{Key, Role};
use seen::Seen;
use stated::{ValueType, worst};
pub(super) use stated::{document_time, is_time};

/// Whether a key is one for the time of a document.
pub(super) fn is_time_key(name: Token<'_>) -> bool {
    Key::is_document_time(name.text)
}

/// The time that an object says of all its members, if it can be read (NS-19b).
pub(super) fn time_of(object: Token<'_>, context: &DecodeContext<'_>) -> Option<Timestamp> {
    let (name, token) = members(object).find(|(name, token)| is_time(*name, *token, context))?;
    document_time(name, token, context).or_else(|| stated::time(token, context))
}

/// Whether a key is one for a value.
pub(super) fn is_value(name: Token<'_>) -> bool {
    Key::of(name.text).is_some_and(|key| matches!(key.role, Role::Value | Role::ShortValue))
}

/// What an envelope says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope<'a> {
    pub(super) value: Token<'a>,
    /// What the value, a number, is to be added to (`bv` of SenML).
    pub(super) base: Option<Token<'a>>,
    pub(super) word: Option<Quality>,
    /// A number under `q`, which may be a quality.
    number: Option<Token<'a>>,
    pub(super) status: Option<Quality>,
    pub(super) source: Option<Timestamp>,
    pub(super) seq: Option<u64>,
    pub(super) historical: bool,
    /// Its unit, a string that is not empty.
    pub(super) unit: Option<Token<'a>>,
    /// What the text of its value holds.
    value_type: Option<ValueType>,
    /// The best of its names, and how good it is.
    name: Option<(u8, Token<'a>)>,
    /// The same of those names that a point keeps from message to message.
    label: Option<(u8, Token<'a>)>,
    seen: Seen,
}

impl Default for Envelope<'_> {
    fn default() -> Self {
        Self {
            value: Token { kind: Kind::Null, text: "" },
            base: None,
            word: None,
            number: None,
            status: None,
            source: None,
            seq: None,
            historical: false,
            unit: None,
            value_type: None,
            name: None,
            label: None,
            seen: Seen::default(),
        }
    }
}

impl<'a> Envelope<'a> {
    /// A value of which nothing but its time is said.
    pub(super) fn of(value: Token<'a>, source: Option<Timestamp>) -> Self {
        Self { value, source, ..Self::default() }
    }

    /// What a point is called that is a message of its own: several on one topic are told apart by it.
    pub(super) fn label(&self) -> Option<Token<'a>> {
        self.label.map(|(_, label)| label)
    }

    /// Whether it says nothing but what its one point does.
    #[inline]
    pub(super) fn is_alone(&self) -> bool {
        !self.has_neighbours() && self.label.is_none()
    }

    /// Whether something stands beside the value that is a field of its own.
    #[inline]
    pub(super) fn has_neighbours(&self) -> bool {
        let Seen { others, has_field, has_state, .. } = self.seen;
        others
            || has_field
            || (has_state && !self.has_word())
            || self.number.is_some_and(|number| self.is_measured(number))
    }

    /// Whether a member beside the value is a field.
    pub(super) fn is_neighbour(&self, name: Token<'_>, token: Token<'_>) -> bool {
        let Some(key) = Key::of(name.text) else { return true };
        let is_text = matches!(token.kind, Kind::Text { .. });
        match key.role {
            Role::Status => {
                stated::is_other_word(token) || (!self.has_word() && stated::may_be_state(token))
            }
            Role::Flag if stated::is_count(token) => true,
            Role::ShortUnit | Role::ShortName(_) => !is_text,
            Role::ShortValue => self.seen.is_named,
            Role::Unit => token.kind == Kind::Number,
            Role::Quality if stated::is_no_quality(token) => true,
            Role::ShortQuality if token.kind == Kind::Number => self.is_measured(token),
            Role::ShortTime if stated::is_no_epoch(token) => true,
            Role::Origin => stated::origin(token).is_none(),
            role if role.is_time() || role.is_quality() => matches!(token.kind, Kind::Array { .. }),
            _ => false,
        }
    }

    /// Whether the value has a name that a field of a document may have as well, beside others.
    pub(super) fn may_be_document(&self) -> bool {
        self.has_neighbours() && !self.seen.is_named
    }

    /// Whether it says a quality, a unit or a time, and no more than a value needs.
    pub(super) fn is_stated(&self) -> bool {
        self.is_marked() && (self.seen.is_named || !self.seen.others)
    }

    /// The quality that its one value has wherever else it is shown, too: as a member of the object that
    /// it stands in, beside others. A number under `q` may be one of those.
    pub(super) fn quality_beside_others(&self) -> Option<Quality> {
        worst(self.status, self.word).filter(|_| self.has_value() && !self.seen.is_named)
    }

    /// Whether a quality is said by a word, a flag or a number.
    fn has_word(&self) -> bool {
        self.word.is_some() || self.number_quality().is_some()
    }

    /// Whether a number under `q` is none of quality: reactive power, beside active or apparent power, or
    /// because no standard knows it.
    fn is_measured(&self, number: Token<'_>) -> bool {
        self.seen.has_power || (!self.seen.is_of_iobroker() && stated::is_no_quality(number))
    }

    /// The quality that a number under `q` is.
    fn number_quality(&self) -> Option<Quality> {
        let number = self.number.filter(|number| !self.is_measured(*number))?;
        match self.seen.is_of_iobroker() {
            true => Some(stated::iobroker_quality(number)),
            false => stated::quality(number),
        }
    }

    /// Whether it says a value, a quality or a unit.
    pub(super) fn says_something(&self) -> bool {
        self.seen.values > 0 || self.quality().is_some() || self.unit.is_some()
    }

    /// What the point is called, where it is one of several.
    pub(super) fn name(&self) -> Option<Token<'a>> {
        self.name.map(|(_, name)| name)
    }

    /// Takes the value by a name that only its context tells.
    pub(super) fn set_value(&mut self, token: Token<'a>) {
        self.value = token;
        self.seen.values += 1;
    }

    /// A number that is no epoch is a time all the same.
    pub(super) fn accept_short_time(&mut self) {
        self.seen.has_field = false;
    }

    /// Notes a sum, or the time of the next record, which may be something else beside a `q`.
    pub(super) fn note_sum(&mut self, name: Token<'_>) {
        self.seen.has_power |= name.text == "s";
    }

    /// Notes a member that only its context tells, and that has no part in the envelope.
    pub(super) fn note_neighbour(&mut self) {
        self.seen.others = true;
    }

    /// Whether there is exactly one value.
    pub(super) fn has_value(&self) -> bool {
        self.seen.values == 1
    }

    /// Whether it is nothing but a value by a name that means nothing else, as a `DataValue` of OPC UA is
    /// that is Good and has no time.
    fn is_bare(&self) -> bool {
        self.seen.is_named && !self.seen.others && self.seen.known.count_ones() == 1
    }

    /// Whether a quality, a unit or a readable time stands beside the value.
    pub(super) fn is_marked(&self) -> bool {
        let is_numbered = || self.number.is_some_and(|number| !self.is_measured(number));
        self.has_value() && (self.seen.is_marked || is_numbered())
    }

    /// Whether the object is one value.
    #[inline]
    pub(super) fn is_one(&self, declared: bool) -> bool {
        self.seen.is_envelope(declared)
    }

    /// The same with the value of OPC UA's own containers: a `DataValue` as the value of a sample, a
    /// `Variant` as the value of a field. What the inner one says is the finer statement.
    pub(super) fn unwrapped(mut self, context: &DecodeContext<'_>) -> Self {
        for _ in 0..2 {
            let Kind::Object { .. } = self.value.kind else { break };
            if let Some(body) = variant(self.value) {
                self.value = body;
                break;
            }
            let inner = read(self.value, false, context);
            let Some(inner) = inner.filter(|inner| inner.is_marked() || inner.is_bare()) else {
                break;
            };
            self.value = inner.value;
            if inner.has_word() {
                (self.word, self.number) = (worst(inner.word, inner.number_quality()), None);
            }
            self.status = inner.status.or(self.status);
            self.source = inner.source.or(self.source);
            self.unit = inner.unit.or(self.unit);
        }
        self
    }

    /// Its quality, if it says one. A status is the finer statement; where a quality is worse than it,
    /// that stands.
    pub(super) fn quality(&self) -> Option<Quality> {
        worst(self.status, worst(self.word, self.number_quality()))
    }

    /// Its unit as it is meant.
    pub(super) fn unit(&self) -> Option<Cow<'a, str>> {
        let unit = self.unit?;
        let escaped = matches!(unit.kind, Kind::Text { escaped: true });
        Some(text::unescape(unit.text, escaped))
    }

    /// Everything but the value, as a point.
    #[inline]
    pub(super) fn point<'u>(&self, unit: Option<&'u str>) -> PointRef<'u> {
        PointRef {
            quality: self.quality().unwrap_or(Quality::GOOD),
            unit,
            source: self.source,
            seq: self.seq,
            historical: self.historical,
            ..PointRef::new(ValueRef::Null)
        }
    }

    /// Hands on a value that is no document, with what a model says and its own field.
    pub(super) fn hand_on_scalar(&self, model: PointRef<'_>, sink: &mut impl Sink) {
        match self.sum() {
            Some(sum) => sink.point(&valued(model, sum.as_ref())),
            None => hand_on(model, self.value, sink),
        }
    }

    /// Its value added to its base, where there is one.
    pub(super) fn sum(&self) -> Option<Value> {
        let (base, own) = (number::parse(self.base?.text)?, number::parse(self.value.text)?);
        Some(match (&base, &own) {
            (Value::Int(base), Value::Int(own)) => base.checked_add(*own).map(Value::Int)?,
            _ => number::float(base.as_f64()? + own.as_f64()?),
        })
    }
}

/// The body of an OPC UA variant: an object of a type and a body, perhaps with dimensions.
fn variant(object: Token<'_>) -> Option<Token<'_>> {
    let (mut body, mut is_typed) = (None, false);
    for (name, token) in members(object) {
        match name.text {
            "Body" => body = Some(token),
            "Type" => is_typed = true,
            "Dimensions" => {}
            _ => return None,
        }
    }
    body.filter(|_| is_typed)
}

/// A payload that is an envelope of one scalar, which most are: one pass fills an empty one. `false` says
/// nothing, and nor does the envelope; it takes a thorough scan to know what it is then.
pub(super) fn read_flat<'a>(
    payload: &'a str,
    context: &DecodeContext<'_>,
    envelope: &mut Envelope<'a>,
) -> bool {
    let known = |name: Token<'a>, token: Token<'a>| match Key::of(name.text) {
        Some(key) if envelope.seen.known & key.bit() == 0 && Envelope::has_part(key, token) => {
            envelope.take(key, token, context);
            true
        }
        Some(_) | None => false,
    };
    flat(payload, known) && envelope.is_one(false)
}

/// Reads an object, scanned before, as an envelope.
pub(super) fn read<'a>(
    object: Token<'a>,
    declared: bool,
    context: &DecodeContext<'_>,
) -> Option<Envelope<'a>> {
    let mut envelope = Envelope::default();
    for (name, token) in members(object) {
        envelope.member(name, token, context);
    }
    envelope.is_one(declared).then_some(envelope)
}
