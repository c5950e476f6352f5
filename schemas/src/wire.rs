//! How values, qualities and times look in JSON, wherever they go out (NS-22, NS-23, NS-27).

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use uns_model::number::SAFE_INTEGER_MAX;
use uns_model::{Quality, TIMESTAMP_TEXT_BYTES, Timestamp, Value};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{RefOr, schema::AnyOfBuilder};
use utoipa::{PartialSchema, ToSchema};

use crate::opaque::Opaque;
use crate::reads_as::ReadsAs;

/// A value as readers see it: null when Bad or never received, integers past 2^53-1 as decimal
/// strings, doubles with their fraction (`23.0`), documents as the JSON they are, bytes in base64.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct WireValue<'a> {
    /// The value.
    pub value: &'a Value,
    /// Its quality, which may hide it.
    pub quality: Quality,
}

impl Serialize for WireValue<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.quality.hides_value() {
            return to.serialize_unit();
        }
        match self.value {
            Value::Null => to.serialize_unit(),
            Value::Bool(value) => to.serialize_bool(*value),
            Value::Int(number) if number.unsigned_abs() > SAFE_INTEGER_MAX => {
                to.collect_str(number)
            }
            Value::Int(number) => to.serialize_i64(*number),
            Value::UInt(number) if *number > SAFE_INTEGER_MAX => to.collect_str(number),
            Value::UInt(number) => to.serialize_u64(*number),
            Value::Float(number) => to.serialize_f64(*number),
            Value::Text(text) => to.serialize_str(text),
            Value::Document(text) => match serde_json::from_str::<&RawValue>(text) {
                Ok(json) => json.serialize(to),
                // Not from our decoder; as a string the body around it stays JSON.
                Err(_) => to.serialize_str(text),
            },
            Value::Bytes(bytes) => to.collect_str(&Base64Display::new(bytes, &STANDARD)),
        }
    }
}

impl PartialSchema for WireValue<'_> {
    fn schema() -> RefOr<Schema> {
        let of = |kind| ObjectBuilder::new().schema_type(kind);
        AnyOfBuilder::new()
            .item(of(Type::Number))
            .item(of(Type::Boolean))
            .item(of(Type::String))
            .item(of(Type::Object))
            .item(utoipa::openapi::schema::ArrayBuilder::new())
            .item(of(Type::Null))
            .description(Some(
                "The published value, null when quality is Bad or GoodNoData. Integers past \
                 2^53-1 are decimal strings, bytes base64.",
            ))
            .into()
    }
}

impl ToSchema for WireValue<'_> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }
}

/// A time as RFC 3339 in UTC with as many digits as it needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WireTime(pub Timestamp);

impl Serialize for WireTime {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.encode(&mut [0; TIMESTAMP_TEXT_BYTES]))
    }
}

impl PartialSchema for WireTime {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl ToSchema for WireTime {
    fn name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
}

/// A quality as its word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WireQuality(pub Quality);

impl Serialize for WireQuality {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.word())
    }
}

impl PartialSchema for WireQuality {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(["Good", "Uncertain", "Bad", "GoodNoData"]))
            .into()
    }
}

impl ToSchema for WireQuality {
    fn name() -> std::borrow::Cow<'static, str> {
        "Quality".into()
    }
}

/// One sample of one topic, in answers of `current` and on the live channel.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sample<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The field of its document, if it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'a str>,
    /// The value.
    pub value: WireValue<'a>,
    /// Its quality.
    pub quality: WireQuality,
    /// Source time, or ingest time where there is none.
    pub timestamp: WireTime,
    /// Its place in the log.
    pub sequence: u64,
    /// The unit its publisher named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'a str>,
    /// What a text also reads as: `ON` as a flag, `23,4 °C` as a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub reads_as: Option<ReadsAs>,
    /// True for a field that the newest document no longer has.
    #[serde(skip_serializing_if = "is_false")]
    #[schema(required = false)]
    pub superseded: bool,
    /// How many fields of the document there was no room for.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    pub fields_left_out: u32,
    /// `windows-1252` where the payload was no UTF-8 and read as that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<&'static str>,
    /// `bytes` for a payload that is neither JSON nor text.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// How many bytes there are, for `bytes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What the bytes look like: `jpeg`, `gzip`, `protobuf` and others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looks_like: Option<&'static str>,
}

impl<'a> Sample<'a> {
    /// A sample of a topic of which nothing more is known than its value.
    pub fn new(
        (topic, field): (&'a str, Option<&'a str>),
        (value, quality): (&'a Value, Quality),
        timestamp: Timestamp,
        sequence: u64,
    ) -> Self {
        let opaque = Opaque::of(value);
        Self {
            topic,
            field,
            value: WireValue { value, quality },
            quality: WireQuality(quality),
            timestamp: WireTime(timestamp),
            sequence,
            unit: None,
            reads_as: ReadsAs::of(value, quality),
            superseded: false,
            fields_left_out: 0,
            encoding: None,
            kind: opaque.map(|_| "bytes"),
            size: opaque.map(|opaque| opaque.size),
            looks_like: opaque.and_then(|opaque| opaque.looks_like),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(value: &Value, quality: Quality, expected: &str) {
        let wire = WireValue { value, quality };
        assert_eq!(serde_json::to_string(&wire).unwrap(), expected);
    }

    #[test]
    fn values_go_out_exactly() {
        for (value, expected) in [
            (Value::Null, "null"),
            (Value::Bool(true), "true"),
            (Value::Int(23), "23"),
            (Value::Float(23.0), "23.0"),
            (Value::Float(0.1), "0.1"),
            (Value::Float(f64::NAN), "null"),
            (Value::Int(9_007_199_254_740_991), "9007199254740991"),
            (Value::Int(-9_007_199_254_740_992), "\"-9007199254740992\""),
            (Value::UInt(u64::MAX), "\"18446744073709551615\""),
            (Value::Text("a\"b".into()), "\"a\\\"b\""),
            (Value::Document("{ \"a\": 1.50 }".into()), "{ \"a\": 1.50 }"),
            (Value::Document("{broken".into()), "\"{broken\""),
            (Value::Bytes([0xff, 0, 1].as_slice().into()), "\"/wAB\""),
        ] {
            check(&value, Quality::GOOD, expected);
            check(&value, Quality::UNCERTAIN, expected);
            check(&value, Quality::BAD, "null");
            check(&value, Quality::GOOD_NO_DATA, "null");
        }
    }

    #[test]
    fn a_sample_is_flat_and_lean() {
        let time = Timestamp(1_795_262_400_120_000_000);
        let sample = Sample::new(("a/b", None), (&Value::Float(1.0), Quality::HELD), time, 7);
        expect_test::expect![[r#"{"topic":"a/b","value":1.0,"quality":"Uncertain","timestamp":"2026-11-21T12:00:00.12Z","sequence":7}"#]]
        .assert_eq(&serde_json::to_string(&sample).unwrap());
        let jpeg = Value::Bytes([0xff, 0xd8, 0xff, 0xe0][..].into());
        let sample = Sample {
            unit: Some("1/min"),
            superseded: true,
            fields_left_out: 36,
            encoding: Some("windows-1252"),
            ..Sample::new(("a", None), (&jpeg, Quality::GOOD), time, 7)
        };
        expect_test::expect![[r#"{"topic":"a","value":"/9j/4A==","quality":"Good","timestamp":"2026-11-21T12:00:00.12Z","sequence":7,"unit":"1/min","superseded":true,"fieldsLeftOut":36,"encoding":"windows-1252","type":"bytes","size":4,"looksLike":"jpeg"}"#]]
        .assert_eq(&serde_json::to_string(&sample).unwrap());
    }

    proptest! {
        #[test]
        fn doubles_and_integers_agree_with_the_model(float: f64, int: i64) {
            for value in [Value::Float(float), Value::Int(int)] {
                let mut text = String::new();
                uns_model::number::write_json_number(&value, &mut text).unwrap();
                let wire = WireValue { value: &value, quality: Quality::GOOD };
                let ours = serde_json::to_string(&wire).unwrap();
                let read = |text: &str| uns_model::number::parse(text.trim_matches('"'));
                prop_assert_eq!(read(&ours), read(&text));
            }
        }
    }
}
