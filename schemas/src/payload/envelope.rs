//! One value with its quality and time: the canonical form and its relatives (NS-19).

use uns_model::{Point, Quality, Timestamp, Value};

use super::scan::{Kind, Token, members};
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
}

impl Envelope<'_> {
    /// Everything but the value, as a point.
    pub(super) fn point(&self) -> Point {
        Point {
            field: None,
            value: Value::Null,
            quality: self.quality(),
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

/// Reads an object as an envelope. Declared as one, it may have any other keys.
pub(super) fn read<'a>(
    object: Token<'a>,
    declared: bool,
    context: &DecodeContext,
) -> Option<Envelope<'a>> {
    let nothing = Token { kind: Kind::Null, text: "" };
    let mut envelope = Envelope {
        value: nothing,
        word: None,
        status: None,
        source: None,
        seq: None,
        historical: false,
    };
    let mut found = false;
    for (key, token) in members(object) {
        match key.text {
            "value" => {
                envelope.value = token;
                found = true;
            }
            "quality" | "success" => envelope.word = quality(token),
            "status" => envelope.status = status(token),
            "timestamp" | "timestamp_ms" => envelope.source = time(token, context),
            "seq" => envelope.seq = unsigned(token),
            "historical" => envelope.historical = token.kind == Kind::Bool(true),
            "unit" | "meta" | "source" | "dataType" | "context" | "tag" | "datatype"
            | "registerId" | "deviceID" | "tagName" | "deviceName" | "metadata" => {}
            _ if declared => {}
            _ => return None,
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
