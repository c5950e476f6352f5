//! What a text also reads as, beside it: for people and arithmetic (NS-19e).

use serde::{Serialize, Serializer};
use uns_model::number::SAFE_INTEGER_MAX;
use uns_model::{Quality, Value, ValueRef};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::payload;

/// A number or a flag. Numbers beyond those that JavaScript counts exactly are none here.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ReadsAs(ValueRef<'static>);

impl ReadsAs {
    /// What a value that is shown also reads as, if it is a text that does.
    pub fn of(value: &Value, quality: Quality) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        let second = payload::second_form(text).filter(|_| !quality.hides_value())?;
        let is_exact = match second {
            ValueRef::Int(number) => number.unsigned_abs() <= SAFE_INTEGER_MAX,
            ValueRef::Bool(_) | ValueRef::Float(_) => true,
            _ => false,
        };
        is_exact.then_some(Self(second))
    }
}

impl Serialize for ReadsAs {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ValueRef::Bool(flag) => to.serialize_bool(flag),
            ValueRef::Int(number) => to.serialize_i64(number),
            ValueRef::Float(number) => to.serialize_f64(number),
            _ => to.serialize_unit(),
        }
    }
}

impl PartialSchema for ReadsAs {
    fn schema() -> RefOr<Schema> {
        let of = |kind| ObjectBuilder::new().schema_type(kind);
        AnyOfBuilder::new().item(of(Type::Number)).item(of(Type::Boolean)).into()
    }
}

impl ToSchema for ReadsAs {
    fn name() -> std::borrow::Cow<'static, str> {
        "ReadsAs".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_people_read_as_a_number_or_a_flag_say_so() {
        let text = |text: &str| Value::Text(text.into());
        for (value, quality, expected) in [
            (text("ON"), Quality::GOOD, "true"),
            (text("23,4 °C"), Quality::UNCERTAIN, "23.4"),
            (text("12"), Quality::GOOD, "12"),
            (text("9007199254740993"), Quality::GOOD, "null"),
            (text("RUN"), Quality::GOOD, "null"),
            (text("ON"), Quality::BAD, "null"),
            (Value::Int(1), Quality::GOOD, "null"),
        ] {
            let found = serde_json::to_string(&ReadsAs::of(&value, quality)).unwrap();
            assert_eq!(found, expected, "{value:?}");
        }
    }
}
