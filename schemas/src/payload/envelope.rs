//! One value with its quality and time: the canonical form and its relatives (NS-19, NS-19a).

mod key;

use std::borrow::Cow;

use uns_model::{PointRef, Quality, Timestamp, ValueRef};

use super::context::DecodeContext;
use super::document;
use super::point::hand_on;
use super::scan::{Kind, Token, flat, members};
use super::sink::Sink;
use super::text;
use super::value::{number_of, value_of};
use key::{Key, Role};

/// What an envelope says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope<'a> {
    pub(super) value: Token<'a>,
    word: Option<Quality>,
    status: Option<Quality>,
    pub(super) source: Option<Timestamp>,
    seq: Option<u64>,
    historical: bool,
    /// Its unit, a string that is not empty.
    unit: Option<Token<'a>>,
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
}

impl Default for Envelope<'_> {
    fn default() -> Self {
        Self {
            value: Token { kind: Kind::Null, text: "" },
            word: None,
            status: None,
            source: None,
            seq: None,
            historical: false,
            unit: None,
            seen: Seen::default(),
        }
    }
}

impl Seen {
    /// Exactly one value; and keys that are unknown move it only where its own name is short and
    /// nothing else tells an envelope from the fields of a document.
    fn is_envelope(self) -> bool {
        self.values == 1 && (!self.others || self.is_named || self.is_marked)
    }
}

impl<'a> Envelope<'a> {
    #[inline]
    fn take(&mut self, key: Key, token: Token<'a>, context: &DecodeContext<'_>) {
        self.seen.known |= key.bit();
        // Neither a time nor a quality, but a column of them.
        let column = matches!(token.kind, Kind::Array { .. })
            && matches!(key.role, Role::Time | Role::Quality);
        self.seen.others |= column;
        match key.role {
            Role::Value | Role::ShortValue => {
                self.value = token;
                self.seen.values += 1;
                self.seen.is_named |= key.role == Role::Value;
            }
            Role::Quality => {
                self.word = worst(self.word, quality(token));
                self.seen.is_marked |= self.word.is_some() && !column;
            }
            Role::Status => {
                self.status = worst(self.status, status(token));
                self.seen.is_marked |= self.status.is_some();
            }
            Role::Time => self.date(time(token, context)),
            Role::Unit => {
                self.unit = self.unit.or(unit(token));
                self.seen.is_marked |= self.unit.is_some();
            }
            Role::Seq => self.seq = unsigned(token),
            Role::Historical => self.historical = token.kind == Kind::Bool(true),
            Role::Told => {}
        }
    }

    /// The first time that can be read stands.
    fn date(&mut self, said: Option<Timestamp>) {
        let is_read = said.is_some_and(|time| time != Timestamp::UNREADABLE);
        self.seen.is_marked |= is_read;
        if self.source.is_none() || (is_read && self.source == Some(Timestamp::UNREADABLE)) {
            self.source = said;
        }
    }

    /// Hands on what it says. Gives how many fields of a document there was no room for.
    #[inline]
    pub(super) fn hand_on(&self, sink: &mut impl Sink) -> u32 {
        let unit = self.unit();
        let model = self.point(unit.as_deref());
        if let Kind::Object { .. } | Kind::Array { .. } = self.value.kind {
            return document::explode(self.value, model, sink);
        }
        hand_on(model, self.value, sink);
        0
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
            // A status is the finer statement; where a quality is worse than it, that stands.
            quality: worst(self.status, self.word).unwrap_or(Quality::GOOD),
            unit,
            source: self.source,
            seq: self.seq,
            historical: self.historical,
            ..PointRef::new(ValueRef::Null)
        }
    }
}

/// The worse of two statements, the first where both are equally bad.
fn worst(first: Option<Quality>, second: Option<Quality>) -> Option<Quality> {
    match (first, second) {
        (Some(first), Some(second)) => Some(first.worst(second)),
        (first, second) => first.or(second),
    }
}

/// Whether a payload is an envelope of one scalar, which most are: one pass tells. `false` says
/// nothing; it takes a thorough scan to know what it is then.
pub(super) fn is_flat(payload: &str) -> bool {
    let (mut seen, mut values) = (0_u64, 0);
    let known = |name: Token<'_>, _: Token<'_>| {
        let Some(key) = Key::of(name.text) else { return false };
        let first = seen & key.bit() == 0;
        seen |= key.bit();
        values += u8::from(matches!(key.role, Role::Value | Role::ShortValue));
        first
    };
    flat(payload, known) && values == 1
}

/// Such an envelope.
pub(super) fn read_flat<'a>(payload: &'a str, context: &DecodeContext<'_>) -> Option<Envelope<'a>> {
    let mut envelope = Envelope::default();
    let known = |name: Token<'a>, token: Token<'a>| match Key::of(name.text) {
        Some(key) if envelope.seen.known & key.bit() == 0 => {
            envelope.take(key, token, context);
            true
        }
        Some(_) | None => false,
    };
    (flat(payload, known) && envelope.seen.values == 1).then_some(envelope)
}

/// Reads an object, scanned before, as an envelope. Declared as one, it may have any other keys.
pub(super) fn read<'a>(
    object: Token<'a>,
    declared: bool,
    context: &DecodeContext<'_>,
) -> Option<Envelope<'a>> {
    let mut envelope = Envelope::default();
    for (name, token) in members(object) {
        match Key::of(name.text) {
            Some(key) => envelope.take(key, token, context),
            None => envelope.seen.others = true,
        }
    }
    let seen = envelope.seen;
    (seen.is_envelope() || (declared && seen.values == 1)).then_some(envelope)
}

/// The time of a document, at its top level, if that can be read (NS-19b).
pub(super) fn document_time(object: Token<'_>, context: &DecodeContext<'_>) -> Option<Timestamp> {
    let found = members(object).find(|(name, token)| is_time(*name, *token, context));
    found.and_then(|(_, token)| time(token, context))
}

/// Whether a member says a time that can be read.
pub(super) fn is_time(name: Token<'_>, token: Token<'_>, context: &DecodeContext<'_>) -> bool {
    Key::is_document_time(name.text) && time(token, context).is_some_and(Timestamp::in_range)
}

/// A source time as text, as an epoch number, or as an epoch number in quotes.
pub(super) fn time(token: Token<'_>, context: &DecodeContext<'_>) -> Option<Timestamp> {
    let read = match token.kind {
        Kind::Null => return None,
        Kind::Text { escaped } => {
            let text = text::unescape(token.text, escaped);
            let text = text.trim_ascii();
            Timestamp::parse_in(text, context.zone, context.ingest)
                .or_else(|| epoch(number_of(&uns_model::number::parse(text)?)))
        }
        Kind::Number => epoch(value_of(token)),
        Kind::Bool(_) | Kind::NonFinite | Kind::Object { .. } | Kind::Array { .. } => None,
    };
    Some(read.unwrap_or(Timestamp::UNREADABLE))
}

/// A quality as a word, as a flag, or as a number, also one in quotes: OPC DA's 16 bits (0 is Bad),
/// and OPC UA's code where it needs more.
pub(super) fn quality(token: Token<'_>) -> Option<Quality> {
    stated(token, |number| match u16::try_from(number) {
        Ok(number) => Quality::from_opc_da(number),
        Err(_) => Quality(number),
    })
}

/// An OPC UA status code, as its number, its name, or an object with its `Code`.
fn status(token: Token<'_>) -> Option<Quality> {
    match token.kind {
        Kind::Object { .. } => {
            let code = members(token).find(|(name, _)| matches!(name.text, "Code" | "code"));
            // Left out, it is the code of Good.
            code.map_or(Some(Quality::GOOD), |(_, code)| stated(code, Quality))
        }
        _ => stated(token, Quality),
    }
}

fn stated(token: Token<'_>, from_number: impl Fn(u32) -> Quality) -> Option<Quality> {
    let from = |number: ValueRef<'_>| whole(number).map_or(Quality::UNCERTAIN, &from_number);
    Some(match token.kind {
        Kind::Null => return None,
        Kind::Text { escaped } => {
            let word = text::unescape(token.text, escaped);
            let word = word.trim_ascii();
            match uns_model::number::parse(word) {
                Some(number) => from(number_of(&number)),
                None => Quality::from_word(word),
            }
        }
        Kind::Bool(good) => Quality::from_flag(good),
        Kind::Number => from(value_of(token)),
        Kind::NonFinite | Kind::Object { .. } | Kind::Array { .. } => Quality::UNCERTAIN,
    })
}

/// The 32 bits of a number, also where it is written as `192.0`.
fn whole(number: ValueRef<'_>) -> Option<u32> {
    match number {
        ValueRef::Int(number) => u32::try_from(number).ok(),
        ValueRef::Float(number)
            if number.fract() == 0.0 && (0.0..4_294_967_296.0).contains(&number) =>
        {
            format!("{number:.0}").parse().ok()
        }
        _ => None,
    }
}

/// The longest unit that is one; longer text is something else.
const UNIT_BYTES_MAX: usize = 64;

/// A unit as a string of a few characters.
fn unit(token: Token<'_>) -> Option<Token<'_>> {
    let is_text = matches!(token.kind, Kind::Text { .. });
    (is_text && (1..=UNIT_BYTES_MAX).contains(&token.text.len())).then_some(token)
}

fn unsigned(token: Token<'_>) -> Option<u64> {
    match token.kind {
        Kind::Number | Kind::Text { .. } => token.text.parse().ok(),
        _ => None,
    }
}

fn epoch(number: ValueRef<'_>) -> Option<Timestamp> {
    match number {
        ValueRef::Int(number) => Timestamp::from_epoch_int(number),
        ValueRef::Float(number) => Timestamp::from_epoch_f64(number),
        _ => None,
    }
}
