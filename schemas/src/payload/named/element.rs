//! One element of an array of named points, and what SenML says once for all that follow.

use uns_model::{Quality, Timestamp};

use crate::payload::context::DecodeContext;
use crate::payload::envelope::Envelope;
use crate::payload::envelope::stated;
use crate::payload::scan::{Kind, Token, members};
use crate::payload::value::value_of;

/// What one of several points is called: whose it is, a common beginning, and its own name.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::payload) struct Called<'a> {
    /// Its source, where several may have points of the same name: the writer of an OPC UA
    /// DataSetMessage, the measurement of a metric.
    pub(in crate::payload) source: Option<Token<'a>>,
    /// An object whose values tell the sources of one name apart: the tags of a metric.
    pub(in crate::payload) tags: Option<Token<'a>>,
    pub(in crate::payload) base: Option<Token<'a>>,
    pub(in crate::payload) own: Option<Token<'a>>,
}

impl<'a> Called<'a> {
    pub(super) fn own(own: Token<'a>) -> Self {
        Self { own: Some(own), ..Self::default() }
    }

    /// The name, where it is one piece of the payload and nothing else.
    pub(in crate::payload) fn plain(&self) -> Option<Token<'a>> {
        let Self { source: None, tags: None, base: None, own } = *self else { return None };
        own.filter(|own| own.kind != (Kind::Text { escaped: true }))
    }

    /// The pieces of the name, and whether a dot stands between each and the one before.
    pub(in crate::payload) fn pieces(self) -> impl Iterator<Item = (bool, Token<'a>)> {
        let is_written = |value: &Token<'_>| {
            !matches!(value.kind, Kind::Object { .. } | Kind::Array { .. } | Kind::Null)
        };
        let sources = self.source.into_iter().chain(by_key(self.tags).filter(is_written));
        let own = self.own.map(|own| (self.base.is_none(), own));
        sources.chain(self.base).map(|piece| (true, piece)).chain(own)
    }
}

/// The values of an object in the order of its keys, in which most programs write them: an object has none.
fn by_key(object: Option<Token<'_>>) -> impl Iterator<Item = Token<'_>> {
    let is_sorted =
        object.is_none_or(|object| members(object).is_sorted_by_key(|(key, _)| key.text));
    let (written, mut sorted) = match object.filter(|_| !is_sorted) {
        Some(object) => (None, members(object).collect::<Vec<_>>()),
        None => (object, Vec::new()),
    };
    sorted.sort_by_key(|(key, _)| key.text);
    written.into_iter().flat_map(members).chain(sorted).map(|(_, value)| value)
}

/// The base fields of SenML (RFC 8428), which hold from the record that has them.
#[derive(Clone, Copy, Default)]
pub(super) struct Base<'a> {
    name: Option<Token<'a>>,
    time: Option<Token<'a>>,
    unit: Option<Token<'a>>,
    value: Option<Token<'a>>,
}

/// A base number has so many bytes: it is read again for each record.
const BASE_NUMBER_BYTES_MAX: usize = 64;
/// Tags that tell the sources of a measurement apart have so many bytes: they are read for each field.
const TAGS_BYTES_MAX: usize = 4 << 10;

/// Numbers below this are seconds from now (RFC 8428, section 4.5.3).
const RELATIVE_BELOW: f64 = 268_435_456.0;

/// Who wrote a DataSetMessage (OPC 10000-14): by name, else by number.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::payload) struct Writer<'a> {
    name: Option<Token<'a>>,
    id: Option<Token<'a>>,
}

impl<'a> Writer<'a> {
    pub(in crate::payload) fn member(&mut self, name: Token<'a>, token: Token<'a>) {
        let is_text = matches!(token.kind, Kind::Text { .. }) && !token.text.is_empty();
        match name.text {
            "DataSetWriterName" if is_text => self.name = Some(token),
            "DataSetWriterId" if is_text || token.kind == Kind::Number => self.id = Some(token),
            _ => {}
        }
    }

    /// What the names of its fields begin with, so that two writers on one topic do not share fields.
    /// Most publishers have one writer without a name, which is number 1: its fields stand alone.
    pub(in crate::payload) fn name(&self) -> Option<Token<'a>> {
        self.name.or(self.id.filter(|id| id.text != "1"))
    }
}

/// What an element is.
pub(super) enum Element<'a> {
    Point(Called<'a>, Envelope<'a>),
    /// A time and named values, and whether something stands beside them.
    Series(Option<Timestamp>, Token<'a>, bool),
    /// A time and the fields of a DataSetMessage, and by whom it was written.
    Payload(Option<Timestamp>, Token<'a>, Option<Token<'a>>),
    /// The messages of a whole OPC UA network message.
    Network(Token<'a>),
    /// A measurement as Telegraf writes it: a name, tags and fields; and whether something stands beside
    /// them.
    Metric(Called<'a>, Option<Timestamp>, Token<'a>, bool),
    /// A name, and fields instead of a value.
    Document(Called<'a>, Option<Timestamp>),
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
        let is_number = token.kind == Kind::Number && token.text.len() <= BASE_NUMBER_BYTES_MAX;
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
    messages: Option<Token<'a>>,
    fields: Option<Token<'a>>,
    tags: Option<Token<'a>>,
    writer: Writer<'a>,
    time: Option<Token<'a>>,
    has_short_name: bool,
    /// A sum or the time of the next record, as SenML has them.
    has_sum: bool,
    has_error: bool,
    is_base: bool,
}

impl<'a> Found<'a> {
    fn member(&mut self, name: Token<'a>, token: Token<'a>, context: &DecodeContext<'_>) {
        let is_object = matches!(token.kind, Kind::Object { .. });
        match name.text {
            "values" if is_object => self.series = Some(token),
            "Payload" if is_object => self.payload = Some(token),
            "Messages" if matches!(token.kind, Kind::Array { .. }) => self.messages = Some(token),
            "fields" if is_object => self.fields = Some(token),
            "tags" if is_object => self.tags = Some(token),
            "vs" | "vb" | "vd" => self.envelope.set_value(token),
            "error" => self.has_error = true,
            "s" | "ut" if token.kind == Kind::Number => {
                self.has_sum = true;
                self.envelope.note_sum(name);
            }
            _ => self.envelope.member(name, token, context),
        }
        self.writer.member(name, token);
        match name.text {
            "t" if token.kind == Kind::Number => self.time = Some(token),
            "n" => self.has_short_name = true,
            _ => {}
        }
    }

    fn element(mut self, base: &Base<'a>, context: &DecodeContext<'_>) -> Element<'a> {
        let time = self.envelope.source.filter(|time| time.in_range());
        let is_named_value = self.envelope.has_value() && self.envelope.name().is_some();
        if let Some(values) = self.series.filter(|_| !is_named_value) {
            return match self.envelope.name() {
                // Another element may have values of the same names.
                source @ Some(_) => {
                    let called = Called { source, ..Called::default() };
                    Element::Metric(called, time, values, self.has_rest())
                }
                None => Element::Series(time, values, self.has_rest()),
            };
        }
        if let Some(fields) = self.payload {
            return Element::Payload(time, fields, self.writer.name());
        }
        if let Some(messages) = self.messages {
            return Element::Network(messages);
        }
        let called = Called { base: base.name, own: self.envelope.name(), ..Called::default() };
        if let (Some(fields), Some(source)) = (self.fields, self.envelope.name())
            && !self.envelope.has_value()
        {
            if self.tags.is_some_and(|tags| tags.text.len() > TAGS_BYTES_MAX) {
                return Element::Unread;
            }
            let called = Called { source: Some(source), tags: self.tags, ..Called::default() };
            return Element::Metric(called, time, fields, self.has_rest());
        }
        let is_called = called.base.is_some() || called.own.is_some();
        if self.has_error && !self.envelope.has_value() {
            self.envelope.set_value(Token { kind: Kind::Null, text: "null" });
            self.envelope.word = Some(Quality::BAD);
            self.has_error = false;
        }
        if !is_called || !self.envelope.has_value() {
            let has_fields = self.envelope.has_neighbours() || self.tags.is_some() || self.has_sum;
            return match (self.is_base, called.own.is_some() && has_fields) {
                (true, _) => Element::Base,
                (false, true) => Element::Document(called, time),
                (false, false) => Element::Unread,
            };
        }
        if base.time.is_some() || (self.has_short_name && time.is_none() && self.time.is_some()) {
            self.envelope.source = base.date(self.time, context).or(self.envelope.source);
        }
        self.note_neighbours(base);
        let is_number = self.envelope.value.kind == Kind::Number;
        let unit = base.unit.filter(|unit| is_number && stated::is_unit(*unit));
        self.envelope.unit = self.envelope.unit.or(unit);
        self.envelope.base = base.value;
        Element::Point(called, self.envelope)
    }

    /// Whether an element with several fields has members besides these, its name and its time.
    fn has_rest(&self) -> bool {
        let Self { envelope, series, fields, tags, has_sum, has_error, .. } = self;
        // The tags of a measurement are in its name.
        let others = series.is_some() && fields.or(*tags).is_some();
        envelope.has_neighbours() || envelope.says_something() || others || *has_sum || *has_error
    }

    /// Tells the envelope of what it was not shown, where that is no part of its value.
    fn note_neighbours(&mut self, base: &Base<'a>) {
        let is_senml = self.has_short_name || base.name.is_some() || base.time.is_some();
        if is_senml {
            // Small numbers are seconds from now.
            self.envelope.accept_short_time();
        }
        let has_object = self.series.or(self.fields).or(self.tags).is_some();
        if has_object || self.has_error || (self.has_sum && !is_senml) {
            self.envelope.note_neighbour();
        }
    }
}
