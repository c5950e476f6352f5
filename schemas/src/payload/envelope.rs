//! One value with its quality and time: the canonical form and its relatives (NS-19).

use std::sync::Arc;

use uns_model::{Point, Quality, Timestamp, Value};

use super::scan::{Kind, Token, flat, members};
use super::{DecodeContext, text, value_of};

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
        }
    }
}

impl<'a> Envelope<'a> {
    fn take(&mut self, key: Key, token: Token<'a>, context: &DecodeContext) {
        match key {
            Key::Value => self.value = token,
            Key::Quality | Key::Success => self.word = quality(token),
            Key::Status => self.status = status(token),
            Key::Timestamp | Key::TimestampMs => self.source = time(token, context),
            Key::Seq => self.seq = unsigned(token),
            Key::Historical => self.historical = token.kind == Kind::Bool(true),
            Key::Unit => self.unit = unit(token),
            Key::Told(_) => {}
        }
    }

    /// Everything but the value, as a point.
    pub(super) fn point(&self) -> Point {
        Point {
            field: None,
            value: Value::Null,
            quality: self.quality(),
            unit: self.unit.map(named),
            source: self.source,
            seq: self.seq,
            historical: self.historical,
        }
    }

    /// `status` is the finer statement; where `quality` is worse than it, that stands.
    fn quality(&self) -> Quality {
        match (self.status, self.word) {
            (Some(status), Some(word)) => status.worst(word),
            (Some(quality), None) | (None, Some(quality)) => quality,
            (None, None) => Quality::GOOD,
        }
    }
}

/// A key that an envelope may have.
#[derive(Clone, Copy, Debug)]
enum Key {
    Value,
    Quality,
    Success,
    Status,
    Timestamp,
    TimestampMs,
    Seq,
    Historical,
    Unit,
    /// One of those that are no part of a point.
    Told(u8),
}

impl Key {
    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "value" => Self::Value,
            "quality" => Self::Quality,
            "success" => Self::Success,
            "status" => Self::Status,
            "timestamp" => Self::Timestamp,
            "timestamp_ms" => Self::TimestampMs,
            "seq" => Self::Seq,
            "historical" => Self::Historical,
            "unit" => Self::Unit,
            "meta" => Self::Told(0),
            "source" => Self::Told(1),
            "dataType" => Self::Told(2),
            "context" => Self::Told(3),
            "tag" => Self::Told(4),
            "datatype" => Self::Told(5),
            "registerId" => Self::Told(6),
            "deviceID" => Self::Told(7),
            "tagName" => Self::Told(8),
            "deviceName" => Self::Told(9),
            "metadata" => Self::Told(10),
            _ => return None,
        })
    }

    /// A bit of its own.
    fn bit(self) -> u32 {
        let place = match self {
            Self::Value => 0,
            Self::Quality => 1,
            Self::Success => 2,
            Self::Status => 3,
            Self::Timestamp => 4,
            Self::TimestampMs => 5,
            Self::Seq => 6,
            Self::Historical => 7,
            Self::Unit => 8,
            Self::Told(n) => 9 + n,
        };
        1 << place
    }
}

/// The keys seen so far, each at most once.
#[derive(Clone, Copy, Debug, Default)]
struct Seen(u32);

impl Seen {
    /// `None`: no key of an envelope, or one that was there before.
    fn add(&mut self, key: Token<'_>) -> Option<Key> {
        let key = Key::of(key.text)?;
        let first = self.0 & key.bit() == 0;
        self.0 |= key.bit();
        first.then_some(key)
    }

    fn has_value(self) -> bool {
        self.0 & Key::Value.bit() != 0
    }
}

/// Whether a payload is an envelope of one scalar, which most are: one pass tells. `false` says
/// nothing; it takes a thorough scan to know what it is then.
pub(super) fn is_flat(payload: &str) -> bool {
    let mut seen = Seen::default();
    flat(payload, |key, _| seen.add(key).is_some()) && seen.has_value()
}

/// Such an envelope.
pub(super) fn read_flat<'a>(payload: &'a str, context: &DecodeContext) -> Option<Envelope<'a>> {
    let (mut envelope, mut seen) = (Envelope::default(), Seen::default());
    let known = |key, token| match seen.add(key) {
        Some(key) => {
            envelope.take(key, token, context);
            true
        }
        None => false,
    };
    (flat(payload, known) && seen.has_value()).then_some(envelope)
}

/// Reads an object, scanned before, as an envelope. Declared as one, it may have any other keys.
pub(super) fn read<'a>(
    object: Token<'a>,
    declared: bool,
    context: &DecodeContext,
) -> Option<Envelope<'a>> {
    let (mut envelope, mut found) = (Envelope::default(), false);
    for (key, token) in members(object) {
        match Key::of(key.text) {
            Some(key) => {
                envelope.take(key, token, context);
                found |= matches!(key, Key::Value);
            }
            None if declared => {}
            None => return None,
        }
    }
    found.then_some(envelope)
}

/// A source time as text, as an epoch number, or as an epoch number in quotes.
pub(super) fn time(token: Token<'_>, context: &DecodeContext) -> Option<Timestamp> {
    let read = match token.kind {
        Kind::Null => return None,
        Kind::Text { escaped } => {
            let text = text::unescape(token.text, escaped);
            Timestamp::parse_rfc3339(&text, context.default_offset_seconds)
                .or_else(|| epoch(&uns_model::number::parse(&text)?))
        }
        Kind::Number => epoch(&value_of(token)),
        Kind::Bool(_) | Kind::NonFinite | Kind::Object | Kind::Array => None,
    };
    Some(read.unwrap_or(Timestamp::UNREADABLE))
}

/// A quality as a word, as a flag, or as a number: OPC DA's 16 bits (0 is Bad), and OPC UA's code
/// where it needs more.
pub(super) fn quality(token: Token<'_>) -> Option<Quality> {
    Some(match token.kind {
        Kind::Null => return None,
        Kind::Text { escaped } => Quality::from_word(&text::unescape(token.text, escaped)),
        Kind::Bool(good) => Quality::from_flag(good),
        Kind::Number => match value_of(token) {
            Value::Int(number) => u16::try_from(number)
                .map(Quality::from_opc_da)
                .or_else(|_| u32::try_from(number).map(Quality))
                .unwrap_or(Quality::UNCERTAIN),
            _ => Quality::UNCERTAIN,
        },
        Kind::NonFinite | Kind::Object | Kind::Array => Quality::UNCERTAIN,
    })
}

/// The longest unit that is one; longer text is something else.
const UNIT_BYTES_MAX: usize = 64;

/// A unit as a string of a few characters.
fn unit(token: Token<'_>) -> Option<Token<'_>> {
    let is_text = matches!(token.kind, Kind::Text { .. });
    (is_text && (1..=UNIT_BYTES_MAX).contains(&token.text.len())).then_some(token)
}

fn named(unit: Token<'_>) -> Arc<str> {
    let escaped = matches!(unit.kind, Kind::Text { escaped: true });
    Arc::from(text::unescape(unit.text, escaped))
}

/// An OPC UA status code.
fn status(token: Token<'_>) -> Option<Quality> {
    match value_of(token) {
        Value::Null => None,
        Value::Int(code) => Some(u32::try_from(code).map_or(Quality::UNCERTAIN, Quality)),
        Value::Text(word) => Some(Quality::from_word(&word)),
        _ => Some(Quality::UNCERTAIN),
    }
}

fn unsigned(token: Token<'_>) -> Option<u64> {
    match token.kind {
        Kind::Number | Kind::Text { .. } => token.text.parse().ok(),
        _ => None,
    }
}

fn epoch(number: &Value) -> Option<Timestamp> {
    match number {
        Value::Int(number) => Timestamp::from_epoch_int(*number),
        Value::Float(number) => Timestamp::from_epoch_f64(*number),
        _ => None,
    }
}
