//! Documents and their fields (NS-20).

mod name;
mod spelling;

use uns_model::PointRef;

use super::context::DecodeContext;
use super::envelope::{self, Envelope};
use super::named::{self, Called, Container, Item};
use super::point::hand_on;
use super::rows;
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
    pub(super) model: PointRef<'static>,
    /// Only those of its members are fields that say nothing of its one value.
    pub(super) neighbours: bool,
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

struct Fields<'a, 'c, 's, S> {
    document: Document<'a, 'c>,
    context: &'c DecodeContext<'c>,
    /// What the fields at hand have in common.
    model: PointRef<'static>,
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
            Kind::Object { .. } => self.collect(token, &mut Name::default(), 1),
            Kind::Array { .. } if !named::is_named(token, self.context) => self.list(token),
            Kind::Array { .. } if !self.context.children => {
                self.named(Container::Array, token, &mut Name::default(), 0);
            }
            _ => {}
        }
    }

    fn collect(&mut self, object: Token<'a>, name: &mut Name, level: usize) {
        let depth_max = self.context.limits.depth_max;
        for (key, token) in members(object) {
            let Kind::Text { escaped } = key.kind else { continue };
            let is_container = matches!(token.kind, Kind::Object { .. } | Kind::Array { .. });
            if level == 1 && self.document.neighbours && !envelope::is_neighbour(key, token) {
                continue;
            }
            self.spelling.key(key.text, escaped);
            // Most names stand in the payload as they are.
            if level == 1 && !escaped && !is_container {
                if !key.text.is_empty() {
                    self.leaf(key.text, token);
                }
                continue;
            }
            if level == 1 && is_container && self.outermost(key.text, token, name) {
                continue;
            }
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
                Kind::Array { .. } => {}
                _ if key.text.is_empty() => {}
                _ if level > 1 && envelope::is_value(key) => self.stated(object, name, token),
                _ => self.joined(name, token, level > 1),
            }
            name.truncate(parent);
        }
    }

    /// The value of an object in a document, of which the object may say quality, unit and time.
    fn stated(&mut self, object: Token<'a>, name: &Name, token: Token<'a>) {
        let said = envelope::read(object, true, self.context).filter(Envelope::is_stated);
        let Some(said) = said else { return self.joined(name, token, true) };
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
        // Rows with a path become children where there are any, and are no fields elsewhere.
        if key == "points" && rows::has_path(token) {
            return true;
        }
        let Some(container) = named::container(key, token, shape, self.context) else {
            return false;
        };
        if !self.context.children {
            self.named(container, token, name, 0);
        }
        true
    }

    /// Named points; `level` says how many keys are in the name they begin with.
    fn named(&mut self, container: Container<'a>, token: Token<'a>, name: &mut Name, level: usize) {
        let (time, context) = (self.model.source, self.context);
        named::show(container, token, time, context, &mut |item| match item {
            Item::Point(called, envelope) => {
                let outer = self.model;
                self.model = envelope.point(None);
                self.point(called, &envelope, name, level);
                self.model = outer;
            }
            Item::Document(called, time, token) => {
                let outer = self.model;
                self.model = PointRef { source: time, ..outer };
                self.inner(called, token, name, level);
                self.model = outer;
            }
            Item::Unread(_) => self.left_out += 1,
        });
    }

    fn point(
        &mut self,
        called: Called<'a>,
        envelope: &Envelope<'a>,
        name: &mut Name,
        level: usize,
    ) {
        let value = envelope.value;
        let is_container = matches!(value.kind, Kind::Object { .. } | Kind::Array { .. });
        if let Some(own) = called.plain()
            && level == 0
            && !is_container
        {
            return self.sample(own.text, envelope);
        }
        let parent = name.len();
        Self::call(called, name, level);
        match value.kind {
            Kind::Object { .. } if level + 1 < self.context.limits.depth_max => {
                self.collect(value, name, level + 2);
            }
            Kind::Object { .. } => self.left_out += 1,
            Kind::Array { .. } => self.array(value, name, level + 1),
            _ => match name.as_str() {
                Some(name) => self.sample(name, envelope),
                None => self.left_out += 1,
            },
        }
        name.truncate(parent);
    }

    /// Appends what a point is called.
    fn call(called: Called<'_>, name: &mut Name, level: usize) {
        for (nth, (dotted, piece)) in called.pieces().enumerate() {
            let joined = dotted && (level > 0 || nth > 0);
            name.push_key(joined, piece.text, piece.kind == Kind::Text { escaped: true });
        }
    }

    /// The fields of an element that has a name.
    fn inner(&mut self, called: Called<'a>, token: Token<'a>, name: &mut Name, level: usize) {
        if level + 1 >= self.context.limits.depth_max {
            self.left_out += 1;
            return;
        }
        let parent = name.len();
        Self::call(called, name, level);
        self.collect(token, name, level + 2);
        name.truncate(parent);
    }

    /// A named point, of which there may be several in time.
    fn sample(&mut self, name: &str, envelope: &Envelope<'a>) {
        if name.is_empty() || !self.is_taken(name, true) {
            self.left_out += 1;
            return;
        }
        let unit = envelope.unit();
        let model = PointRef { field: Some(name), ..envelope.point(unit.as_deref()) };
        envelope.hand_on_scalar(model, self.sink);
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

    /// A payload that is an array of objects without names or times: they are told apart by their places,
    /// where they are few and plain. Lists of devices with all their properties are not values.
    fn list(&mut self, array: Token<'a>) {
        let is_plain = |element: Token<'_>| {
            let Kind::Object { .. } = element.kind else { return false };
            let is_container = |kind| matches!(kind, Kind::Object { .. } | Kind::Array { .. });
            !members(element).any(|(_, token)| is_container(token.kind))
        };
        let short = elements(array).take(ELEMENTS_MAX + 1).count() <= ELEMENTS_MAX;
        if !short || !elements(array).all(is_plain) {
            return self.leave_out(array);
        }
        let mut name = Name::default();
        for (index, token) in elements(array).enumerate() {
            name.push_place(index);
            self.collect(token, &mut name, 2);
            name.truncate(0);
        }
    }

    /// Objects in an array that nobody reads are told of; long rows of numbers are as they should be.
    fn leave_out(&mut self, array: Token<'a>) {
        let objects =
            elements(array).filter(|element| matches!(element.kind, Kind::Object { .. })).count();
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
