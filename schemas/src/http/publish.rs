//! `POST publish`: one item or an array of them in, a result per item out.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::BodyError;
use crate::wire::is_zero;

/// The most items one request has.
pub const ITEMS_MAX: usize = 10_000;

/// One thing to publish. At most one of the three payloads is given; none means an empty payload,
/// which with `retain` clears the retained copy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishItem {
    /// The topic.
    pub topic: String,
    /// Any JSON value, published as its JSON text, byte for byte: `23.0` stays `23.0`, and a
    /// string keeps its quotes.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub payload: Option<Box<RawValue>>,
    /// Text, published as it is.
    #[serde(default)]
    pub payload_text: Option<String>,
    /// Bytes in base64.
    #[serde(default)]
    pub payload_base64: Option<String>,
    /// 0, 1 or 2; the answer waits for durability from 1 on.
    #[serde(default = "acknowledged")]
    #[schema(default = 1, maximum = 2)]
    pub qos: u8,
    /// Whether the broker keeps it for later subscribers.
    #[serde(default)]
    pub retain: bool,
    /// Where the payload is a batch: take all of its rows, or none. Without it the good rows are
    /// taken and `refusedRows` of the answer says which are not.
    #[serde(default)]
    pub atomic: bool,
}

/// `null` is a payload, too: only a missing key is none.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

fn acknowledged() -> u8 {
    1
}

impl PublishItem {
    /// The bytes to publish.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>, BodyError> {
        match (&self.payload, &self.payload_text, &self.payload_base64) {
            (None, None, None) => Ok(Cow::Borrowed(&[])),
            (Some(json), None, None) => Ok(Cow::Borrowed(json.get().as_bytes())),
            (None, Some(text), None) => Ok(Cow::Borrowed(text.as_bytes())),
            (None, None, Some(text)) => {
                STANDARD.decode(text).map(Cow::Owned).map_err(BodyError::Base64)
            }
            _ => Err(BodyError::SeveralPayloads),
        }
    }
}

/// Body of `POST publish`: one item, or an array of up to [`ITEMS_MAX`].
#[derive(Debug)]
pub struct PublishRequest(pub Vec<PublishItem>);

impl<'de> Deserialize<'de> for PublishRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OneOrMany).map(Self)
    }
}

/// Reads items without an intermediate tree, which would lose the exact text of numbers.
struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Vec<PublishItem>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a topic, or an array of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        PublishItem::deserialize(MapAccessDeserializer::new(map)).map(|item| vec![item])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element()? {
            if read.len() == ITEMS_MAX {
                return Err(A::Error::custom(format_args!("more than {ITEMS_MAX} items")));
            }
            read.push(item);
        }
        Ok(read)
    }
}

impl PartialSchema for PublishRequest {
    fn schema() -> RefOr<Schema> {
        let item = || Ref::from_schema_name(PublishItem::name());
        OneOfBuilder::new().item(item()).item(ArrayBuilder::new().items(item())).into()
    }
}

impl ToSchema for PublishRequest {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((PublishItem::name().into_owned(), PublishItem::schema()));
        PublishItem::schemas(schemas);
    }
}

/// Answer of `POST publish`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublishReport<'a> {
    /// One per item, in order.
    pub results: Vec<PublishResult<'a>>,
}

/// What became of one item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublishResult<'a> {
    /// The topic of the item.
    pub topic: &'a str,
    /// Whether it is in the log.
    pub accepted: bool,
    /// Where in the log, if it was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The stable name of the reason it was refused for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// The reason in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Cow<'a, str>>,
    /// The dead letter that describes the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub dead_id: Option<&'a str>,
    /// Where the payload is a batch: how many of its rows were refused, the others being taken.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    pub refused: u32,
    /// Those rows by their place, at most the first 100; the dead letters have all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub refused_rows: Vec<RefusedRow<'a>>,
}

/// A row of a batch that was refused by itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusedRow<'a> {
    /// Its place in the batch, from 0.
    pub row: u64,
    /// Where it was to go.
    pub topic: &'a str,
    /// The stable name of the reason.
    pub reason: &'a str,
    /// The reason in words.
    pub detail: &'a str,
    /// The dead letter that describes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub dead_id: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &[&[u8]]) {
        let request: PublishRequest = serde_json::from_str(body).unwrap();
        let payloads: Vec<_> = request.0.iter().map(|item| item.bytes().unwrap()).collect();
        assert_eq!(payloads, expected, "{body}");
    }

    #[test]
    fn payloads_are_published_as_they_were_written() {
        check(r#"{"topic":"a","payload":23.0}"#, &[b"23.0"]);
        check(r#"{"topic":"a","payload": {"x" : 1.50} }"#, &[br#"{"x" : 1.50}"#]);
        check(r#"{"topic":"a","payload":"RUN"}"#, &[br#""RUN""#]);
        check(r#"{"topic":"a","payload":18446744073709551616}"#, &[b"18446744073709551616"]);
        check(r#"{"topic":"a","payloadText":"RUN"}"#, &[b"RUN"]);
        check(r#"{"topic":"a","payloadBase64":"/wAB"}"#, &[&[0xff, 0, 1]]);
        check(r#"{"topic":"a","retain":true}"#, &[b""]);
        check(r#"[{"topic":"a","payload":1},{"topic":"b","payload":2}]"#, &[b"1", b"2"]);
        check("[]", &[]);
    }

    #[test]
    fn null_is_a_payload() {
        let request: PublishRequest =
            serde_json::from_str(r#"{"topic":"a","payload":null}"#).unwrap();
        assert_eq!(request.0[0].bytes().unwrap().as_ref(), b"null");
    }

    #[test]
    fn the_request_describes_itself_and_its_items() {
        let text = serde_json::to_string(&PublishRequest::schema()).unwrap();
        assert!(text.contains("#/components/schemas/PublishItem"), "{text}");
        let mut schemas = Vec::new();
        PublishRequest::schemas(&mut schemas);
        let (name, item) = &schemas[0];
        let item = serde_json::to_string(item).unwrap();
        assert_eq!(name, "PublishItem");
        assert!(
            item.contains("payloadBase64") && item.contains("\"required\":[\"topic\"]"),
            "{item}"
        );
    }

    #[test]
    fn results_are_lean() {
        let accepted = PublishResult {
            topic: "a",
            accepted: true,
            sequence: Some(7),
            reason: None,
            detail: None,
            dead_id: None,
            refused: 0,
            refused_rows: Vec::new(),
        };
        let refused = PublishResult {
            accepted: false,
            sequence: None,
            reason: Some("topic_invalid"),
            detail: Some("x".into()),
            dead_id: Some("d"),
            ..accepted.clone()
        };
        let row = RefusedRow {
            row: 3,
            topic: "a/b",
            reason: "payload_malformed",
            detail: "y",
            dead_id: None,
        };
        let in_part = PublishResult { refused: 1, refused_rows: vec![row], ..accepted.clone() };
        let report = PublishReport { results: vec![accepted, refused, in_part] };
        expect_test::expect![[r#"{"results":[{"topic":"a","accepted":true,"sequence":7},{"topic":"a","accepted":false,"reason":"topic_invalid","detail":"x","deadId":"d"},{"topic":"a","accepted":true,"sequence":7,"refused":1,"refusedRows":[{"row":3,"topic":"a/b","reason":"payload_malformed","detail":"y"}]}]}"#]]
        .assert_eq(&serde_json::to_string(&report).unwrap());
    }

    #[test]
    fn mistakes_are_named() {
        for (body, message) in [
            (r#"{"payload":1}"#, "missing field `topic`"),
            (r#"{"topic":"a","paylod":1}"#, "unknown field `paylod`"),
            ("7", "expected an object with a topic"),
        ] {
            let error = serde_json::from_str::<PublishRequest>(body).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        let both: PublishRequest =
            serde_json::from_str(r#"{"topic":"a","payload":1,"payloadText":"x"}"#).unwrap();
        assert!(matches!(both.0[0].bytes(), Err(BodyError::SeveralPayloads)));
        let bad: PublishRequest =
            serde_json::from_str(r#"{"topic":"a","payloadBase64":"*"}"#).unwrap();
        assert!(matches!(bad.0[0].bytes(), Err(BodyError::Base64(_))));
    }
}
