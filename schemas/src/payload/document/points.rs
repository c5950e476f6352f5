//! The named points of a document as its fields (NS-19c).

use uns_model::{PointRef, Quality};

use super::name::Name;
use super::{Fields, Member};
use crate::payload::envelope::{Envelope, is_value};
use crate::payload::named::{self, Called, Container, Item};
use crate::payload::scan::{Kind, Token, members};
use crate::payload::sink::Sink;

impl<'a, S: Sink> Fields<'a, '_, '_, S> {
    /// Named points; `level` says how many keys are in the name they begin with. What stands beside their
    /// values comes last, so that no value lacks room for it.
    pub(super) fn named(
        &mut self,
        container: Container<'a>,
        token: Token<'a>,
        name: &mut Name,
        level: usize,
    ) {
        let (outer, context, mut has_neighbours) = (self.model, self.context, false);
        named::show(container, token, outer.source, context, &mut |item| match item {
            Item::Point { called, envelope, object } => {
                has_neighbours |= object.is_some();
                self.model = envelope.point(None);
                self.point(called, &envelope, name, level);
                self.model = outer;
            }
            Item::Document(called, time, token) => {
                self.model = PointRef { source: time, ..outer };
                self.inner(called, token, name, level);
                self.model = outer;
            }
            Item::Rest(..) => has_neighbours = true,
            Item::Unread(_) => self.left_out += 1,
        });
        if !has_neighbours {
            return;
        }
        named::show(container, token, outer.source, context, &mut |item| {
            let (called, envelope, object) = match item {
                Item::Point { called, envelope, object: Some(object) } => {
                    (called, envelope, object)
                }
                Item::Rest(called, time, object) => {
                    self.model = PointRef { source: time, ..outer };
                    self.rest(called, object, name, level);
                    self.model = outer;
                    return;
                }
                _ => return,
            };
            if level + 1 >= context.limits.depth_max {
                self.left_out += 1;
                return;
            }
            let parent = name.len();
            Self::call(called, name, level);
            // The value stands among its neighbours where its name may be that of a field, and is no
            // better there.
            let own = envelope.may_be_document().then(|| envelope.quality()).flatten();
            let model = PointRef { quality: Quality::GOOD, ..envelope.point(None) };
            for (key, token) in members(object) {
                let quality = own.filter(|_| is_value(key)).unwrap_or(Quality::GOOD);
                self.model = PointRef { quality, ..model };
                if named::is_field(container, &envelope, key, token) {
                    self.member(Member { object, key, token }, name, level + 2);
                }
            }
            self.model = outer;
            name.truncate(parent);
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

    /// What stands beside the fields of an element: fields of its own, as if it had no others.
    fn rest(&mut self, called: Called<'a>, element: Token<'a>, name: &mut Name, level: usize) {
        if level + 1 >= self.context.limits.depth_max {
            self.left_out += 1;
            return;
        }
        let parent = name.len();
        Self::call(called, name, level);
        for (key, token) in members(element) {
            if !named::is_taken(key, token, element) {
                self.member(Member { object: element, key, token }, name, level + 2);
            }
        }
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
}
