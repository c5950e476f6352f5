//! Traces of one client or of some topics.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::WireTime;

/// Body of `POST traces`: a client, a filter, or both.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TraceRequest {
    /// Packets from and to this client.
    pub client_id: Option<String>,
    /// Publishes on topics of this MQTT filter.
    pub topic_filter: Option<String>,
    /// How long it runs: 1 to 600, 60 by default.
    pub duration_seconds: Option<u32>,
    /// Events kept: 1 to 10000, 1000 by default.
    pub limit: Option<u32>,
    /// Keep the first 256 bytes of payloads too.
    #[serde(default)]
    pub payload: bool,
}

/// Answer of `GET traces`.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Traces {
    /// Traces that run, and those that ended a short while ago; without their events.
    pub traces: Vec<Trace>,
}

/// One trace. Its events come in pages.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// Its name.
    pub id: String,
    /// The client asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub client_id: Option<String>,
    /// The filter asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub topic_filter: Option<String>,
    /// Whether it still runs.
    pub running: bool,
    /// When it began.
    pub started: WireTime,
    /// When it ends, or ended.
    pub until: WireTime,
    /// Events kept so far.
    pub kept: u64,
    /// Events beyond the limit, which were not kept.
    pub dropped: u64,
    /// One page of them, as they came.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<TraceEvent>,
    /// Where the next page starts; null when there is no more so far.
    pub next: Option<String>,
}

/// Which way a packet went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// From the client.
    In,
    /// To the client.
    Out,
}

/// One packet.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TraceEvent {
    /// When.
    pub time: WireTime,
    /// Which way.
    pub direction: Direction,
    /// Whose.
    pub client_id: String,
    /// Its type, as `PUBLISH`.
    pub packet: String,
    /// The topic, or the filters of SUBSCRIBE and UNSUBSCRIBE.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub topic: Option<String>,
    /// Its Packet Identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u16, required = false)]
    pub packet_id: Option<u16>,
    /// The QoS of a PUBLISH.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u8, required = false)]
    pub qos: Option<u8>,
    /// RETAIN of a PUBLISH.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub retain: bool,
    /// DUP of a PUBLISH.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dup: bool,
    /// Its reason, or why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub reason: Option<String>,
    /// How many values were read from the payload of a PUBLISH to a node: one, its fields, its rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false)]
    pub points: Option<u32>,
    /// What was remarkable about it: `fieldsLeftOut`, `windows1252`, `malformed`, `tooLarge`, `rounded`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, required = false)]
    pub findings: Vec<&'static str>,
    /// Bytes of the whole packet.
    pub bytes: u64,
    /// The beginning of the payload in base64, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub payload_base64: Option<String>,
}

impl TraceEvent {
    /// Adds the beginning of a payload.
    #[must_use]
    pub fn with_payload(mut self, payload: &[u8]) -> Self {
        self.payload_base64 = Some(STANDARD.encode(payload));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uns_model::Timestamp;

    #[test]
    fn an_event_says_only_what_there_is() {
        let event = TraceEvent {
            time: WireTime(Timestamp(1_795_262_400_000_000_000)),
            direction: Direction::In,
            client_id: "press7".into(),
            packet: "PUBLISH".into(),
            topic: Some("a/b".into()),
            packet_id: None,
            qos: Some(0),
            retain: false,
            dup: false,
            reason: None,
            points: Some(1),
            findings: vec!["rounded"],
            bytes: 12,
            payload_base64: None,
        };
        expect_test::expect![[r#"{"time":"2026-11-21T12:00:00Z","direction":"in","clientId":"press7","packet":"PUBLISH","topic":"a/b","qos":0,"points":1,"findings":["rounded"],"bytes":12,"payloadBase64":"MjE="}"#]]
        .assert_eq(&serde_json::to_string(&event.with_payload(b"21")).unwrap());
        let asked: TraceRequest = serde_json::from_str(r#"{"clientId":"c","limit":5}"#).unwrap();
        assert_eq!(
            (asked.client_id.as_deref(), asked.limit, asked.payload),
            (Some("c"), Some(5), false)
        );
        assert!(serde_json::from_str::<TraceRequest>(r#"{"client":"c"}"#).is_err());
    }
}
