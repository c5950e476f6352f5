//! Documents and their fields (NS-20).

mod name;

use std::collections::HashSet;

use uns_model::PointRef;

use super::point::hand_on;
use super::scan::{Kind, Token, elements, members};
use super::sink::Sink;
use name::Name;

/// The most fields one document has.
const FIELDS_MAX: usize = 256;
/// How many keys a field name joins at most.
const LEVELS_MAX: usize = 6;
/// The longest array of scalars whose elements are fields: `phases.0`.
const ELEMENTS_MAX: usize = 16;

/// Hands on the document and then its scalar leaves, all with the quality and time of the model.
/// Gives how many leaves there was no room for.
pub(super) fn explode(token: Token<'_>, model: PointRef<'_>, sink: &mut impl Sink) -> u32 {
    hand_on(model, token, sink);
    let Kind::Object { .. } = token.kind else { return 0 };
    // A unit is said of a value, and a document is none.
    let model = PointRef { unit: None, ..model };
    let mut fields =
        Fields { model, root: token, count: 0, left_out: 0, spelling: Spelling::default(), sink };
    fields.collect(token, &mut Name::default(), 1);
    fields.left_out
}

/// Whether two ways through a document may spell one name: `{"a.b":1,"a":{"b":2}}`. It takes a key
/// with a dot and a field below the top level, so few documents need the names they had.
#[derive(Default)]
struct Spelling {
    has_dotted_key: bool,
    has_nested_field: bool,
    names: Option<HashSet<Box<str>>>,
}

struct Fields<'a, 's, S> {
    model: PointRef<'a>,
    root: Token<'a>,
    /// How many fields were handed on.
    count: usize,
    left_out: u32,
    spelling: Spelling,
    sink: &'s mut S,
}

impl<'a, S: Sink> Fields<'a, '_, S> {
    fn collect(&mut self, object: Token<'a>, name: &mut Name, level: usize) {
        for (key, token) in members(object) {
            let Kind::Text { escaped } = key.kind else { continue };
            let is_container = matches!(token.kind, Kind::Object { .. } | Kind::Array { .. });
            self.spelling.has_dotted_key |= escaped || key.text.bytes().any(|byte| byte == b'.');
            // Most names stand in the payload as they are.
            if level == 1 && !escaped && !is_container {
                if !key.text.is_empty() {
                    self.leaf(key.text, token);
                }
                continue;
            }
            let parent = name.len();
            if level > 1 {
                name.push_str(".");
            }
            name.push_key(key.text, escaped);
            match token.kind {
                Kind::Object { .. } if level < LEVELS_MAX => self.collect(token, name, level + 1),
                Kind::Array { .. } if level < LEVELS_MAX => self.elements(token, name),
                Kind::Object { .. } => self.left_out += 1,
                Kind::Array { .. } => {}
                _ if key.text.is_empty() => {}
                _ => self.joined(name, token, level > 1),
            }
            name.truncate(parent);
        }
    }

    /// A short array of scalars; others stay in the document only.
    fn elements(&mut self, array: Token<'a>, name: &mut Name) {
        let is_scalar =
            |token: Token<'_>| !matches!(token.kind, Kind::Object { .. } | Kind::Array { .. });
        let short = elements(array).take(ELEMENTS_MAX + 1).count() <= ELEMENTS_MAX;
        if !short || !elements(array).all(is_scalar) {
            return;
        }
        let parent = name.len();
        for (index, token) in elements(array).enumerate() {
            name.push_index(index);
            self.joined(name, token, true);
            name.truncate(parent);
        }
    }

    /// A leaf whose name was put together.
    fn joined(&mut self, name: &Name, token: Token<'a>, is_nested: bool) {
        self.spelling.has_nested_field |= is_nested;
        match name.as_str() {
            Some(name) => self.leaf(name, token),
            None => self.left_out += 1,
        }
    }

    fn leaf(&mut self, name: &str, token: Token<'a>) {
        if self.count == FIELDS_MAX || name.len() > name::BYTES_MAX {
            self.left_out += 1;
        } else if self.is_new(name) {
            self.count += 1;
            hand_on(PointRef { field: Some(name), ..self.model }, token, self.sink);
        }
    }

    /// Of two fields with one name the first one counts.
    fn is_new(&mut self, name: &str) -> bool {
        let Spelling { has_dotted_key, has_nested_field, names } = &mut self.spelling;
        if !(*has_dotted_key && *has_nested_field) {
            return true;
        }
        let names = names.get_or_insert_with(|| names_of(self.root, self.model, self.count));
        names.insert(name.into())
    }
}

/// The names of the first fields of a document, of which no two are alike.
fn names_of(root: Token<'_>, model: PointRef<'_>, count: usize) -> HashSet<Box<str>> {
    let mut sink = name::First::new(count);
    // Not to be asked for names again.
    let spelling = Spelling { names: Some(HashSet::new()), ..Spelling::default() };
    let mut fields = Fields { model, root, count: 0, left_out: 0, spelling, sink: &mut sink };
    fields.collect(root, &mut Name::default(), 1);
    sink.names
}
