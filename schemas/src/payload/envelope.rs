//! One value with its quality and time: the canonical form and its relatives (NS-19, NS-19a).

mod key;
pub(super) mod stated;

use std::borrow::Cow;

use uns_model::{PointRef, Quality, Timestamp, Value, ValueRef, number};

use super::context::DecodeContext;
use super::point::{hand_on, valued};
use super::scan::{Kind, Token, flat, members};
use super::sink::Sink;
use super::text;
use super::value::number_of;
use key::{Key, Role};
use stated::worst;
pub(super) use stated::{document_time, is_time};

/// The names that say which point it is: `name`, `tag`, `tagName`, `NodeId` and `DisplayName`, as ranked.
const LABELS: [u8; 5] = [2, 3, 4, 6, 7];

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

/// Whether a member beside the value of an envelope is a field: it has no part in the envelope.
pub(super) fn is_neighbour(name: Token<'_>, token: Token<'_>) -> bool {
    let Some(key) = Key::of(name.text) else { return true };
    let is_text = matches!(token.kind, Kind::Text { .. });
    match key.role {
        Role::Status => stated::is_other_status(name, token),
        Role::ShortUnit | Role::ShortName(_) => !is_text,
        Role::Time | Role::Quality | Role::ShortQuality | Role::Flag | Role::QualityCode => {
            matches!(token.kind, Kind::Array { .. })
        }
        _ => false,
    }
}

/// What an envelope says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope<'a> {
    pub(super) value: Token<'a>,
    /// What the value, a number, is to be added to (`bv` of SenML).
    pub(super) base: Option<Token<'a>>,
    pub(super) word: Option<Quality>,
    pub(super) status: Option<Quality>,
    pub(super) source: Option<Timestamp>,
    pub(super) seq: Option<u64>,
    pub(super) historical: bool,
    /// Its unit, a string that is not empty.
    pub(super) unit: Option<Token<'a>>,
    /// The best of its names, and how good it is.
    name: Option<(u8, Token<'a>)>,
    /// The same of those names that a point keeps from message to message.
    label: Option<(u8, Token<'a>)>,
    seen: Seen,
}

/// Which keys an object has, as far as they tell whether it is an envelope.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Seen {
    /// The bits of those that mean something.
    known: u64,
    values: u8,
    others: bool,
    /// The value has a name that means nothing else.
    is_named: bool,
    /// A quality, a unit, or a time that can be read.
    is_marked: bool,
    /// A number that may be a quality, or a field like any other.
    is_numbered: bool,
}

impl Default for Envelope<'_> {
    fn default() -> Self {
        Self {
            value: Token { kind: Kind::Null, text: "" },
            base: None,
            word: None,
            status: None,
            source: None,
            seq: None,
            historical: false,
            unit: None,
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

    /// Takes a member of the object that may be one.
    #[inline]
    pub(super) fn member(
        &mut self,
        name: Token<'a>,
        token: Token<'a>,
        context: &DecodeContext<'_>,
    ) {
        match Key::of(name.text) {
            Some(key) if !stated::is_other_status(name, token) => self.take(key, token, context),
            Some(_) | None => self.seen.others = true,
        }
    }

    #[inline]
    fn take(&mut self, key: Key, token: Token<'a>, context: &DecodeContext<'_>) {
        self.seen.known |= key.bit();
        // Neither a time nor a quality, but a column of them.
        let column = matches!(token.kind, Kind::Array { .. })
            && (key.role == Role::Time || key.role.is_quality());
        self.seen.others |= column;
        match key.role {
            Role::Value | Role::ShortValue => {
                self.value = token;
                self.seen.values += 1;
                self.seen.is_named |= key.role == Role::Value;
            }
            Role::Quality | Role::ShortQuality | Role::Flag | Role::QualityCode => {
                let said = match key.role {
                    Role::QualityCode => stated::quality_code(token),
                    Role::Flag => stated::flag(token),
                    _ => stated::quality(token),
                };
                self.word = worst(self.word, said);
                let may_be_field = key.role == Role::ShortQuality && token.kind == Kind::Number;
                self.seen.is_numbered |= may_be_field;
                self.seen.is_marked |= said.is_some() && !column && !may_be_field;
            }
            Role::Status => {
                self.status = worst(self.status, stated::status(token));
                self.seen.is_marked |= self.status.is_some();
            }
            Role::Time => self.date(stated::time(token, context)),
            Role::Unit | Role::ShortUnit => {
                let said = stated::unit(token);
                self.seen.others |= key.role == Role::ShortUnit && said.is_none();
                self.unit = self.unit.or(said);
                self.seen.is_marked |= self.unit.is_some();
            }
            Role::Seq => self.seq = stated::unsigned(token),
            Role::Historical => self.historical = token.kind == Kind::Bool(true),
            Role::Name(rank) => self.call(rank, token),
            Role::ShortName(rank) => {
                self.seen.others |= !matches!(token.kind, Kind::Text { .. });
                self.call(rank, token);
            }
            Role::Told => {}
        }
    }

    /// Of several names the best stands, and any text before a number.
    fn call(&mut self, rank: u8, token: Token<'a>) {
        let rank = match token.kind {
            Kind::Text { .. } if !token.text.is_empty() => rank,
            Kind::Number => rank + 100,
            _ => return,
        };
        if self.name.is_none_or(|(known, _)| rank < known) {
            self.name = Some((rank, token));
        }
        let is_label = matches!(token.kind, Kind::Text { .. }) && LABELS.contains(&rank);
        if is_label && self.label.is_none_or(|(known, _)| rank < known) {
            self.label = Some((rank, token));
        }
    }

    /// What a point is called that is a message of its own: several on one topic are told apart by it.
    /// An `id` may be that of the message.
    pub(super) fn label(&self) -> Option<Token<'a>> {
        self.label.map(|(_, label)| label)
    }

    /// Whether it says nothing but what its one point does.
    #[inline]
    pub(super) fn is_alone(&self) -> bool {
        !self.seen.others && self.label.is_none()
    }

    /// Whether something stands beside the value that it does not explain.
    pub(super) fn has_neighbours(&self) -> bool {
        self.seen.others
    }

    /// Whether the value has a name that a field of a document may have as well, beside others.
    pub(super) fn may_be_document(&self) -> bool {
        self.seen.others && !self.seen.is_named
    }

    /// Whether it says a quality, a unit or a time, and no more than a value needs.
    pub(super) fn is_stated(&self) -> bool {
        let seen = self.seen;
        self.has_value() && seen.is_marked && (seen.is_named || !seen.others)
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

    /// Whether there is exactly one value.
    pub(super) fn has_value(&self) -> bool {
        self.seen.values == 1
    }

    /// Whether a quality, a unit or a readable time stands beside the value.
    pub(super) fn is_marked(&self) -> bool {
        self.has_value() && (self.seen.is_marked || self.seen.is_numbered)
    }

    /// Exactly one value; and keys that are unknown move it only where its own name is short and
    /// nothing else tells an envelope from the fields of a document. Declared as one, it may have any
    /// other keys.
    pub(super) fn is_one(&self, declared: bool) -> bool {
        let seen = self.seen;
        seen.values == 1 && (declared || !seen.others || seen.is_named || seen.is_marked)
    }

    /// The first time that can be read stands.
    fn date(&mut self, said: Option<Timestamp>) {
        let is_read = said.is_some_and(|time| time != Timestamp::UNREADABLE);
        self.seen.is_marked |= is_read;
        if self.source.is_none() || (is_read && self.source == Some(Timestamp::UNREADABLE)) {
            self.source = said;
        }
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
            let Some(inner) = read(self.value, false, context).filter(Self::is_marked) else {
                break;
            };
            self.value = inner.value;
            self.word = inner.word.or(self.word);
            self.status = inner.status.or(self.status);
            self.source = inner.source.or(self.source);
            self.unit = inner.unit.or(self.unit);
        }
        self
    }

    /// Its quality, if it says one. A status is the finer statement; where a quality is worse than it,
    /// that stands.
    pub(super) fn quality(&self) -> Option<Quality> {
        worst(self.status, self.word)
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
            Some(sum) => sink.point(&valued(model, number_of(&sum))),
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

/// A payload that is an envelope of one scalar, which most are: one pass tells. `None` says nothing;
/// it takes a thorough scan to know what it is then.
pub(super) fn read_flat<'a>(payload: &'a str, context: &DecodeContext<'_>) -> Option<Envelope<'a>> {
    let mut envelope = Envelope::default();
    let known = |name: Token<'a>, token: Token<'a>| match Key::of(name.text) {
        Some(key)
            if envelope.seen.known & key.bit() == 0 && !stated::is_other_status(name, token) =>
        {
            envelope.take(key, token, context);
            true
        }
        Some(_) | None => false,
    };
    (flat(payload, known) && envelope.is_one(false)).then_some(envelope)
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
