//! Documents and their fields (NS-20).

mod name;
mod points;
mod spelling;

use uns_model::{PointRef, Quality};

use super::context::DecodeContext;
use super::envelope::{self, Envelope};
use super::named::{self, Container};
use super::point::hand_on;
use super::scan::{Kind, Token, elements, members};
use super::shape::Shape;
use super::sink::Sink;
use name::Name;
use spelling::{First, Spelling};

/// The longest name a field has.
pub(super) const NAME_BYTES_MAX: usize = name::BYTES_MAX;

/// The longest array of scalars whose elements are fields: `phases.0`.
const ELEMENTS_MAX: usize = 16;

/// A document that is to be taken apart.
#[derive(Clone, Copy)]
pub(super) struct Document<'a, 's> {
    pub(super) token: Token<'a>,
    /// What its outermost members tell, where it is a whole payload.
    pub(super) shape: Option<&'s Shape<'a>>,
    /// What its fields have in common: their time and quality.
    pub(super) model: PointRef<'s>,
    /// Its one value, where only those of its members are fields that say nothing of it.
    pub(super) beside: Option<&'s Envelope<'a>>,
    /// What is said of its one value, where that is a field beside others, too.
    pub(super) value_quality: Option<Quality>,
}

/// Hands on the fields of a document: its scalar leaves, and its named points. Gives how many there
/// was no room for.
pub(super) fn explode(
    document: Document<'_, '_>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> u32 {
    let mut fields = Fields::new(document, context, sink);
    fields.all();
    fields.left_out
}

/// A member of an object.
#[derive(Clone, Copy)]
struct Member<'a> {
    object: Token<'a>,
    key: Token<'a>,
    token: Token<'a>,
}

struct Fields<'a, 'c, 's, S> {
    document: Document<'a, 'c>,
    context: &'c DecodeContext<'c>,
    /// What the fields at hand have in common.
    model: PointRef<'c>,
    left_out: u32,
    spelling: Spelling,
    sink: &'s mut S,
}

impl<'a, 'c, 's, S: Sink> Fields<'a, 'c, 's, S> {
    fn new(document: Document<'a, 'c>, context: &'c DecodeContext<'c>, sink: &'s mut S) -> Self {
        let spelling = Spelling::new(context.limits.fields_max);
        Self { document, context, model: document.model, left_out: 0, spelling, sink }
    }

    fn all(&mut self) {
        let Document { token, .. } = self.document;
        match token.kind {
            Kind::Object { .. } => self.object(token),
            Kind::Array { .. } if !named::is_named(token, self.context) => self.list(token),
            Kind::Array { .. } if !self.context.children => {
                self.named(Container::Array, token, &mut Name::default(), 0);
            }
            _ => {}
        }
    }

    /// The members of the outermost object.
    fn object(&mut self, object: Token<'a>) {
        match self.document.shape {
            Some(shape) => shape.members(object, |key, token| self.outer(object, key, token)),
            None => members(object).for_each(|(key, token)| self.outer(object, key, token)),
        }
    }

    #[inline]
    fn outer(&mut self, object: Token<'a>, key: Token<'a>, token: Token<'a>) {
        if self.document.beside.is_some_and(|envelope| !envelope.is_neighbour(key, token)) {
            return;
        }
        match self.document.value_quality.filter(|_| envelope::is_value(key)) {
            None => self.outer_field(object, key, token),
            Some(quality) => {
                let model = self.model;
                self.model.quality = quality;
                self.outer_field(object, key, token);
                self.model = model;
            }
        }
    }

    #[inline]
    fn outer_field(&mut self, object: Token<'a>, key: Token<'a>, token: Token<'a>) {
        let Kind::Text { escaped } = key.kind else { return };
        match token.kind {
            Kind::Object { .. } | Kind::Array { .. } => {
                let mut name = Name::default();
                if !self.outermost(key.text, token, &mut name) {
                    self.member(Member { object, key, token }, &mut name, 1);
                }
            }
            // Most names stand in the payload as they are.
            _ if !escaped => {
                self.spelling.key(key.text, escaped);
                if !key.text.is_empty() {
                    self.leaf(key.text, token);
                }
            }
            _ => self.member(Member { object, key, token }, &mut Name::default(), 1),
        }
    }

    fn collect(&mut self, object: Token<'a>, name: &mut Name, level: usize) {
        for (key, token) in members(object) {
            self.member(Member { object, key, token }, name, level);
        }
    }

    /// A member whose name is put together, behind `level` - 1 others.
    fn member(&mut self, member: Member<'a>, name: &mut Name, level: usize) {
        let Member { object, key, token } = member;
        let Kind::Text { escaped } = key.kind else { return };
        let depth_max = self.context.limits.depth_max;
        self.spelling.key(key.text, escaped);
        let parent = name.len();
        name.push_key(level > 1, key.text, escaped);
        match token.kind {
            Kind::Object { .. } if level < depth_max => self.collect(token, name, level + 1),
            Kind::Array { .. } if level < depth_max => {
                // The names of these are long enough to tell what they are.
                if named::is_plain_container(key.text) && named::is_named(token, self.context) {
                    name.truncate(parent);
                    self.named(Container::Array, token, name, level - 1);
                } else {
                    self.array(token, name, level);
                }
            }
            Kind::Object { .. } => self.left_out += 1,
            Kind::Array { .. } => self.leave_out(token),
            _ if key.text.is_empty() => {}
            _ if level > 1 && envelope::is_value(key) => self.stated(object, name, token),
            _ => self.joined(name, token, level > 1),
        }
        name.truncate(parent);
    }

    /// The value of an object in a document, of which the object may say quality, unit and time.
    fn stated(&mut self, object: Token<'a>, name: &Name, token: Token<'a>) {
        let said = envelope::read(object, true, self.context);
        let Some(said) = said.filter(Envelope::is_stated) else {
            let model = self.model;
            let quality = said.as_ref().and_then(Envelope::quality_beside_others);
            self.model.quality = quality.unwrap_or(model.quality);
            self.joined(name, token, true);
            self.model = model;
            return;
        };
        self.spelling.nested(true);
        let Some(name) = name.as_str() else {
            self.left_out += 1;
            return;
        };
        if self.is_taken(name, false) {
            let (unit, outer) = (said.unit(), self.model);
            let model = PointRef {
                field: Some(name),
                source: said.source.or(outer.source),
                seq: said.seq.or(outer.seq),
                historical: said.historical || outer.historical,
                ..said.point(unit.as_deref())
            };
            hand_on(model, token, self.sink);
        }
    }

    /// Whether an outermost member holds named points; they are fields unless they are children.
    fn outermost(&mut self, key: &str, token: Token<'a>, name: &mut Name) -> bool {
        let Some(shape) = self.document.shape else { return false };
        let Some(container) = named::container(key, token, shape, self.context) else {
            return false;
        };
        // Else they are children.
        if !self.context.children {
            self.named(container, token, name, 0);
        }
        true
    }

    /// An array below a key: named points, or a few scalars. Others stay in the document only.
    fn array(&mut self, array: Token<'a>, name: &mut Name, level: usize) {
        if named::is_named(array, self.context) {
            return self.named(Container::Array, array, name, level);
        }
        let may_be_deeper = level < self.context.limits.depth_max;
        let is_read = |token: Token<'_>| match token.kind {
            Kind::Object { .. } => may_be_deeper,
            Kind::Array { .. } => false,
            _ => true,
        };
        let short = elements(array).take(ELEMENTS_MAX + 1).count() <= ELEMENTS_MAX;
        if !short || !elements(array).all(is_read) {
            return self.leave_out(array);
        }
        let parent = name.len();
        for (index, token) in elements(array).enumerate() {
            name.push_index(index);
            match token.kind {
                Kind::Object { .. } => self.collect(token, name, level + 1),
                _ => self.joined(name, token, true),
            }
            name.truncate(parent);
        }
    }

    /// An array without a key, whose elements have neither names nor times: they are told apart by their
    /// places, where they are few and plain. Lists of devices with all their properties are not values.
    fn list(&mut self, array: Token<'a>) {
        let is_scalar =
            |token: Token<'_>| !matches!(token.kind, Kind::Object { .. } | Kind::Array { .. });
        let is_plain = |element: Token<'_>| {
            matches!(element.kind, Kind::Object { .. })
                && members(element).all(|(_, token)| is_scalar(token))
        };
        let is_short = elements(array).take(ELEMENTS_MAX + 1).count() <= ELEMENTS_MAX;
        let is_values = is_short && elements(array).all(is_scalar);
        if !is_values {
            // A unit is said of values, and these are none.
            self.model.unit = None;
            if !is_short || !elements(array).all(is_plain) {
                return self.leave_out(array);
            }
        }
        let mut name = Name::default();
        for (index, token) in elements(array).enumerate() {
            name.push_place(index);
            match is_values {
                true => self.joined(&name, token, false),
                false => self.collect(token, &mut name, 2),
            }
            name.truncate(0);
        }
    }

    /// Objects and rows of a matrix in an array that nobody reads are told of; long rows of numbers are as
    /// they should be.
    fn leave_out(&mut self, array: Token<'a>) {
        let is_inner =
            |element: &Token<'_>| matches!(element.kind, Kind::Object { .. } | Kind::Array { .. });
        let objects = elements(array).filter(is_inner).count();
        self.left_out = self.left_out.saturating_add(u32::try_from(objects).unwrap_or(u32::MAX));
    }

    /// A leaf whose name was put together.
    fn joined(&mut self, name: &Name, token: Token<'a>, is_nested: bool) {
        self.spelling.nested(is_nested);
        match name.as_str() {
            Some(name) => self.leaf(name, token),
            None => self.left_out += 1,
        }
    }

    fn leaf(&mut self, name: &str, token: Token<'a>) {
        if self.is_taken(name, false) {
            hand_on(PointRef { field: Some(name), ..self.model }, token, self.sink);
        }
    }

    /// Whether there is room for a field. Of two leaves with one name the first one counts; of named
    /// points all do. What there is no room for is counted, but for a named point.
    fn is_taken(&mut self, name: &str, repeats: bool) -> bool {
        let Self { spelling, document, context, .. } = self;
        if name.len() > name::BYTES_MAX {
            self.left_out += u32::from(!repeats);
            return false;
        }
        let names = |count| {
            let mut sink = First::new(count);
            let mut again = Fields::new(*document, context, &mut sink);
            again.spelling.remember_nothing();
            again.all();
            sink.names
        };
        let room = spelling.take(name, repeats, names);
        self.left_out += u32::from(room == spelling::Room::None && !repeats);
        room == spelling::Room::Taken
    }
}
