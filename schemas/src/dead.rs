//! A dead letter: what `$uns/dead/<reason>/<topic>` says about a refused publish (NS-33).

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::wire::WireTime;

/// A publish that was refused.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter<'a> {
    /// Its name; the publisher got it as the user property `uns-dead-id`.
    pub dead_id: &'a str,
    /// When the publish arrived.
    pub received_at: WireTime,
    /// Where it was to go.
    pub topic: &'a str,
    /// Who published it.
    pub client_id: &'a str,
    /// With which QoS.
    pub qos: u8,
    /// Why it was refused; a stable name.
    pub reason: &'a str,
    /// The same as a reason code of MQTT 5.
    pub mqtt_reason: u8,
    /// Where in the payload the fault is, as a JSON pointer, if that is known.
    pub pointer: Option<&'a str>,
    /// What is wrong, for people.
    pub detail: &'a str,
    /// The contract that was broken, if it was one.
    pub contract: Option<&'a str>,
    /// What was published, in base64.
    #[schema(value_type = String)]
    pub payload: Base64<'a>,
}

/// Bytes as a base64 string.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Base64<'a>(pub &'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

impl DeadLetter<'_> {
    /// As JSON.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings, numbers and times are always JSON")
    }
}

#[cfg(test)]
mod tests {
    use uns_model::Timestamp;

    use super::*;

    #[test]
    fn its_fields_have_the_names_of_the_namespace() {
        let dead = DeadLetter {
            dead_id: "0195",
            received_at: WireTime(Timestamp(1_763_740_800_000_000_000)),
            topic: "uns/v1/a",
            client_id: "press\"1",
            qos: 1,
            reason: "payload_malformed",
            mqtt_reason: 0x99,
            pointer: None,
            detail: "no JSON",
            contract: None,
            payload: Base64(b"{oh no"),
        };
        assert_eq!(
            String::from_utf8(dead.to_json()).unwrap(),
            concat!(
                r#"{"deadId":"0195","receivedAt":"2025-11-21T16:00:00Z","topic":"uns/v1/a","#,
                r#""clientId":"press\"1","qos":1,"reason":"payload_malformed","mqttReason":153,"#,
                r#""pointer":null,"detail":"no JSON","contract":null,"payload":"e29oIG5v"}"#
            )
        );
    }
}
