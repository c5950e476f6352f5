//! What the members of an object say, taken one after the other.

use uns_model::Timestamp;

use super::Envelope;
use super::key::{Key, Role};
use super::stated::{self, ValueType, worst};
use crate::payload::context::DecodeContext;
use crate::payload::scan::{Kind, Token};

/// The names that say which point it is, as ranked: `resourceName`, `n`, `name`, `tag`, `tagName`, `NodeId`
/// and `DisplayName`. An `id` or a `key` may be that of the message.
const LABELS: [u8; 7] = [0, 2, 3, 4, 5, 7, 8];

impl<'a> Envelope<'a> {
    /// Whether a member with this key has a part in an envelope: a `status` that is a word or an object and
    /// no quality is that of the machine.
    #[inline]
    pub(super) fn has_part(key: Key, token: Token<'_>) -> bool {
        key.role != Role::Status || !stated::is_other_word(token)
    }

    /// Takes a member of the object that may be one.
    #[inline]
    pub(in crate::payload) fn member(
        &mut self,
        name: Token<'a>,
        token: Token<'a>,
        context: &DecodeContext<'_>,
    ) {
        match Key::of(name.text) {
            Some(key) if Self::has_part(key, token) => self.take(key, token, context),
            Some(_) | None => self.seen.note_other(name.text, token.kind),
        }
    }

    #[inline(always)] // a tenth of what an envelope costs
    pub(super) fn take(&mut self, key: Key, token: Token<'a>, context: &DecodeContext<'_>) {
        self.seen.known |= key.bit();
        // Neither a time nor a quality, but a column of them.
        let column = matches!(token.kind, Kind::Array { .. })
            && (key.role.is_time() || key.role.is_quality());
        self.seen.others |= column;
        match key.role {
            // A field like any other beside a value whose name means nothing else.
            Role::ShortValue if self.seen.is_named => self.seen.others = true,
            Role::Value | Role::ShortValue => {
                if key.role == Role::Value && !self.seen.is_named {
                    self.seen.is_named = true;
                    self.seen.others |= self.seen.values > 0;
                    self.seen.values = 0;
                }
                self.value = token;
                self.seen.values += 1;
                self.apply_type();
            }
            // What it is depends on what stands beside it.
            Role::ShortQuality if token.kind == Kind::Number => self.number = Some(token),
            Role::Quality | Role::ShortQuality | Role::Flag | Role::QualityCode => {
                let said = match key.role {
                    Role::QualityCode => stated::quality_code(token),
                    Role::Flag => stated::flag(token),
                    _ => stated::quality(token),
                };
                self.word = worst(self.word, said);
                self.seen.has_field |= match key.role {
                    Role::Quality => stated::is_no_quality(token),
                    Role::Flag => stated::is_count(token),
                    _ => false,
                };
                self.seen.is_marked |= said.is_some() && !column;
            }
            Role::Status | Role::StatusCode => {
                let may_be_state = key.role == Role::Status && stated::may_be_state(token);
                let said = stated::status(token, may_be_state);
                self.status = worst(self.status, said);
                self.seen.is_marked |= self.status.is_some() || may_be_state;
                self.seen.has_state |= may_be_state;
            }
            Role::Time => self.date(stated::time(token, context)),
            Role::ShortTime => {
                let said = stated::time(token, context);
                let is_read = said != Some(Timestamp::UNREADABLE);
                self.seen.has_field |= token.kind == Kind::Number && !is_read;
                self.date(said);
            }
            Role::Origin => match stated::origin(token) {
                Some(time) => self.date(Some(time)),
                None => self.seen.others = true,
            },
            Role::Unit | Role::ShortUnit => {
                let said = stated::unit(token);
                self.seen.others |= key.role == Role::ShortUnit && said.is_none();
                self.seen.has_field |= key.role == Role::Unit && token.kind == Kind::Number;
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
            Role::ValueType => {
                self.value_type = self.value_type.or(ValueType::of(token.text));
                self.apply_type();
            }
            Role::Told => {}
        }
    }

    /// Where the type of a text is said, it is that number or flag.
    #[inline]
    fn apply_type(&mut self) {
        if let Some(kind) = self.value_type.and_then(|said| stated::typed(self.value, said)) {
            self.value.kind = kind;
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

    /// The first time that can be read stands.
    fn date(&mut self, said: Option<Timestamp>) {
        let is_read = said.is_some_and(|time| time != Timestamp::UNREADABLE);
        self.seen.is_marked |= is_read;
        if self.source.is_none() || (is_read && self.source == Some(Timestamp::UNREADABLE)) {
            self.source = said;
        }
    }
}
