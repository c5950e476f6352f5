//! What the members of the outermost object tell of a payload, gathered while it is scanned.

use uns_model::Timestamp;

use super::context::DecodeContext;
use super::envelope::{self, Envelope};
use super::named::element::Writer;
use super::scan::{Kind, Token, members};

/// What an object looks like from its outermost members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    pub(super) envelope: Envelope<'a>,
    /// A time no envelope has (`tst`, `received_at`).
    own_time: Option<Timestamp>,
    pub(super) columns: Columns<'a>,
    /// The array that it has as `points`.
    pub(super) points: Option<Token<'a>>,
    has_containers: bool,
    has_values: bool,
    is_data_set: bool,
    writer: Writer<'a>,
    members: [(Token<'a>, Token<'a>); MEMBERS],
    count: usize,
}

/// So many members are remembered; a larger object is scanned again.
const MEMBERS: usize = 32;

/// The columns of a batch: nothing but `t`, `v` and perhaps `q`, all of them arrays (NS-21).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Columns<'a> {
    pub(super) times: Option<Token<'a>>,
    pub(super) values: Option<Token<'a>>,
    pub(super) qualities: Option<Token<'a>>,
    pub(super) others: bool,
}

impl Default for Shape<'_> {
    fn default() -> Self {
        let none = Token { kind: Kind::Null, text: "" };
        Self {
            envelope: Envelope::default(),
            own_time: None,
            columns: Columns::default(),
            points: None,
            has_containers: false,
            has_values: false,
            is_data_set: false,
            writer: Writer::default(),
            members: [(none, none); MEMBERS],
            count: 0,
        }
    }
}

impl<'a> Shape<'a> {
    /// Takes the next member.
    pub(super) fn member(
        &mut self,
        name: Token<'a>,
        token: Token<'a>,
        context: &DecodeContext<'_>,
    ) {
        if let Some(place) = self.members.get_mut(self.count) {
            *place = (name, token);
        }
        self.count += 1;
        let is_array = matches!(token.kind, Kind::Array { .. });
        self.has_containers |= is_array || matches!(token.kind, Kind::Object { .. });
        match name.text {
            "t" if is_array => self.columns.times = Some(token),
            "v" if is_array => self.columns.values = Some(token),
            "q" if is_array => self.columns.qualities = Some(token),
            _ => self.columns.others = true,
        }
        match name.text {
            "points" if is_array => self.points = Some(token),
            "values" | "Values" => self.has_values |= matches!(token.kind, Kind::Object { .. }),
            "DataSetWriterId" | "DataSetWriterName" => self.is_data_set = true,
            "tst" | "received_at" if self.own_time.is_none() => {
                self.own_time = envelope::document_time(name, token, context);
            }
            _ => {}
        }
        if self.is_data_set {
            self.writer.member(name, token);
        }
        self.envelope.member(name, token, context);
    }

    /// Shows the members of the object that it is the shape of. Most have so few that they are known from
    /// the scan.
    #[inline]
    pub(super) fn members(&self, object: Token<'a>, mut each: impl FnMut(Token<'a>, Token<'a>)) {
        match self.members.get(..self.count) {
            Some(known) => known.iter().for_each(|(name, token)| each(*name, *token)),
            None => members(object).for_each(|(name, token)| each(name, token)),
        }
    }

    /// Who wrote it, where it is a DataSetMessage.
    pub(super) fn writer(&self) -> Option<Token<'a>> {
        self.writer.name()
    }

    /// The time of a document, at its top level, if that can be read (NS-19b).
    pub(super) fn time(&self) -> Option<Timestamp> {
        self.envelope.source.filter(|time| time.in_range()).or(self.own_time)
    }

    /// Whether the whole is one value, or columns of values.
    pub(super) fn is_envelope(&self) -> bool {
        self.envelope.is_one(false)
    }

    /// Whether anything in it may hold named points. Most documents are plain fields.
    pub(super) fn has_containers(&self) -> bool {
        self.has_containers
    }

    /// Whether it has `values` that are points by name.
    pub(super) fn is_series(&self) -> bool {
        self.has_values
    }

    /// Whether its `Payload` are the fields of an OPC UA DataSetMessage.
    pub(super) fn is_data_set(&self) -> bool {
        self.is_data_set
    }
}
