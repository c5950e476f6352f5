//! One element of an array of named points, and what SenML says once for all that follow.

use uns_model::{Quality, Timestamp};

use crate::payload::context::DecodeContext;
use crate::payload::envelope::Envelope;
use crate::payload::envelope::stated;
use crate::payload::scan::{Kind, Token, members};
use crate::payload::value::value_of;

/// What one of several points is called: a common beginning, and its own name.
#[derive(Clone, Copy, Debug)]
pub(in crate::payload) struct Called<'a> {
    pub(in crate::payload) base: Option<Token<'a>>,
    pub(in crate::payload) own: Option<Token<'a>>,
}

/// The base fields of SenML (RFC 8428), which hold from the record that has them.
#[derive(Clone, Copy, Default)]
pub(super) struct Base<'a> {
    name: Option<Token<'a>>,
    time: Option<Token<'a>>,
    unit: Option<Token<'a>>,
    value: Option<Token<'a>>,
}

/// Numbers below this are seconds from now (RFC 8428, section 4.5.3).
const RELATIVE_BELOW: f64 = 268_435_456.0;

/// What an element is.
pub(super) enum Element<'a> {
    Point(Called<'a>, Envelope<'a>),
    /// A time and named values.
    Series(Option<Timestamp>, Token<'a>),
    /// A time and the fields of a DataSetMessage.
    Payload(Option<Timestamp>, Token<'a>),
    /// Nothing but what holds for those that follow.
    Base,
    Unread,
}

impl<'a> Element<'a> {
    /// Reads one; `base` is what was said before.
    pub(super) fn read(
        element: Token<'a>,
        base: &mut Base<'a>,
        context: &DecodeContext<'_>,
    ) -> Self {
        let Kind::Object { .. } = element.kind else { return Self::Unread };
        let mut found = Found::default();
        for (name, token) in members(element) {
            if !base.member(name, token) {
                found.member(name, token, context);
            } else {
                found.is_base = true;
            }
        }
        found.element(base, context)
    }
}

impl<'a> Base<'a> {
    fn member(&mut self, name: Token<'a>, token: Token<'a>) -> bool {
        let is_number = token.kind == Kind::Number;
        let is_text = matches!(token.kind, Kind::Text { .. });
        match name.text {
            "bn" if is_text => self.name = Some(token),
            "bt" if is_number => self.time = Some(token),
            "bu" if is_text => self.unit = Some(token),
            "bv" if is_number => self.value = Some(token),
            "bver" if is_number => {}
            _ => return false,
        }
        true
    }

    /// The time of a record: seconds after the base, or from now.
    fn date(&self, own: Option<Token<'a>>, context: &DecodeContext<'_>) -> Option<Timestamp> {
        let seconds = |token: Token<'_>| value_of(token).to_value().as_f64();
        let own = own.and_then(seconds);
        let sum =
            self.time.and_then(seconds).map_or(own, |base| Some(base + own.unwrap_or(0.0)))?;
        if sum >= RELATIVE_BELOW {
            return Timestamp::from_epoch_f64(sum);
        }
        let nanos = sum * 1e9;
        #[expect(clippy::cast_possible_truncation, reason = "a float is cut to what there is")]
        let nanos = nanos as i64;
        (sum > -RELATIVE_BELOW).then(|| Timestamp(context.ingest.0.saturating_add(nanos)))
    }
}

#[derive(Default)]
struct Found<'a> {
    envelope: Envelope<'a>,
    series: Option<Token<'a>>,
    payload: Option<Token<'a>>,
    time: Option<Token<'a>>,
    has_short_name: bool,
    has_error: bool,
    is_base: bool,
}

impl<'a> Found<'a> {
    fn member(&mut self, name: Token<'a>, token: Token<'a>, context: &DecodeContext<'_>) {
        let is_object = matches!(token.kind, Kind::Object { .. });
        match name.text {
            "values" if is_object => self.series = Some(token),
            "Payload" if is_object => self.payload = Some(token),
            "vs" | "vb" | "vd" => self.envelope.set_value(token),
            "error" => self.has_error = true,
            _ => self.envelope.member(name, token, context),
        }
        match name.text {
            "t" if token.kind == Kind::Number => self.time = Some(token),
            "n" => self.has_short_name = true,
            _ => {}
        }
    }

    fn element(mut self, base: &Base<'a>, context: &DecodeContext<'_>) -> Element<'a> {
        let time = self.envelope.source.filter(|time| time.in_range());
        if let Some(values) = self.series {
            return Element::Series(time, values);
        }
        if let Some(fields) = self.payload {
            return Element::Payload(time, fields);
        }
        let called = Called { base: base.name, own: self.envelope.name() };
        let is_called = called.base.is_some() || called.own.is_some();
        if self.has_error && !self.envelope.has_value() {
            self.envelope.set_value(Token { kind: Kind::Null, text: "null" });
            self.envelope.word = Some(Quality::BAD);
        }
        if !is_called || !self.envelope.has_value() {
            return if self.is_base { Element::Base } else { Element::Unread };
        }
        if base.time.is_some() || (self.has_short_name && time.is_none() && self.time.is_some()) {
            self.envelope.source = base.date(self.time, context).or(self.envelope.source);
        }
        let is_number = self.envelope.value.kind == Kind::Number;
        let unit = base.unit.filter(|unit| is_number && stated::is_unit(*unit));
        self.envelope.unit = self.envelope.unit.or(unit);
        self.envelope.base = base.value;
        Element::Point(called, self.envelope)
    }
}
