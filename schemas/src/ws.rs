//! Messages of the live channel, `/api/v1/ws`, one JSON object per text frame.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::Sample;

/// What a client says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "op", rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum ClientMessage {
    /// Opens a subscription.
    Subscribe {
        /// The client's own name for it.
        id: u64,
        /// What kind of thing it listens to.
        #[serde(default)]
        channel: Channel,
        /// The MQTT filter.
        filter: String,
        /// Everything after this cursor; without it, from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// Every sample, or the newest of each topic.
        #[serde(default)]
        mode: Mode,
    },
    /// Closes one.
    Unsubscribe {
        /// Which.
        id: u64,
    },
}

/// What a subscription listens to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Channel {
    /// Samples of topics.
    #[default]
    Topic,
}

/// What a reader who cannot keep up gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Every sample, however late.
    #[default]
    Every,
    /// The newest sample of each topic; what it replaces is counted as skipped.
    Latest,
}

/// What the hub says.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(tag = "op", rename_all = "camelCase")]
#[non_exhaustive]
pub enum ServerMessage<'a> {
    /// Samples of a subscription, in log order.
    Data {
        /// The subscription.
        id: u64,
        /// Where to resume after this message.
        cursor: &'a str,
        /// The samples.
        samples: &'a [Sample<'a>],
        /// How many samples a `latest` subscription left out before these.
        #[serde(skip_serializing_if = "Option::is_none")]
        skipped: Option<u64>,
    },
    /// The subscription is open.
    Subscribed {
        /// The subscription.
        id: u64,
        /// Everything after this follows.
        cursor: &'a str,
    },
    /// Part of the log is gone: by retention, or damaged.
    Gap {
        /// The subscription.
        id: u64,
        /// Everything up to here was sent.
        after: &'a str,
        /// What follows after here is sent; nothing in between can be.
        until: &'a str,
    },
    /// Something was refused.
    Error {
        /// The subscription, if it concerns one.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// The stable name of the reason.
        reason: &'a str,
        /// The reason in words.
        detail: &'a str,
    },
}

/// A [`ServerMessage::Data`] of one subscription as of a cursor, from samples that are JSON already,
/// one or several in each piece with commas between them.
pub fn data((id, cursor): (u64, &str), samples: &[&str], skipped: Option<u64>) -> String {
    let bytes = samples.iter().map(|piece| piece.len() + 1).sum::<usize>();
    let mut text = String::with_capacity(bytes + 96);
    let mut write = |piece: fmt::Arguments<'_>| {
        text.write_fmt(piece).expect("a string takes everything");
    };
    let cursor = serde_json::to_string(cursor).expect("a text is plain data");
    write(format_args!(r#"{{"op":"data","id":{id},"cursor":{cursor},"samples":["#));
    for (nth, piece) in samples.iter().enumerate() {
        write(format_args!("{}{piece}", if nth > 0 { "," } else { "" }));
    }
    match skipped {
        Some(skipped) => write(format_args!(r#"],"skipped":{skipped}}}"#)),
        None => write(format_args!("]}}")),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use uns_model::{Quality, Timestamp, Value};

    fn check(message: &ServerMessage<'_>, expected: &Expect) {
        expected.assert_eq(&serde_json::to_string(message).unwrap());
    }

    #[test]
    fn a_client_may_leave_out_what_has_a_default() {
        let short = r#"{"op":"subscribe","id":1,"filter":"uns/v1/#"}"#;
        let long =
            r#"{"op":"subscribe","id":1,"channel":"topic","filter":"uns/v1/#","mode":"every"}"#;
        let message: ClientMessage = serde_json::from_str(short).unwrap();
        assert_eq!(serde_json::from_str::<ClientMessage>(long).unwrap(), message);
        assert_eq!(serde_json::to_string(&message).unwrap(), long);
        let from = r#"{"op":"subscribe","id":2,"filter":"a","from":"7","mode":"latest"}"#;
        assert_eq!(
            serde_json::from_str::<ClientMessage>(from).unwrap(),
            ClientMessage::Subscribe {
                id: 2,
                channel: Channel::Topic,
                filter: "a".into(),
                from: Some("7".into()),
                mode: Mode::Latest
            }
        );
        let close = r#"{"op":"unsubscribe","id":1}"#;
        assert_eq!(
            serde_json::from_str::<ClientMessage>(close).unwrap(),
            ClientMessage::Unsubscribe { id: 1 }
        );
    }

    #[test]
    fn data_is_the_same_from_samples_that_are_json_already() {
        let value = (&Value::Bool(true), Quality::GOOD);
        let sample = Sample::new(("a/\"b\"", Some("c")), value, Timestamp(7), 3);
        let one = serde_json::to_string(&sample).unwrap();
        let two = format!("{one},{one}");
        for (samples, pieces, skipped) in [
            (vec![], vec![], None),
            (vec![sample; 3], vec![&*one, &*two], Some(4)),
            (vec![sample], vec![&*one], None),
        ] {
            let message = ServerMessage::Data { id: 1, cursor: "5", samples: &samples, skipped };
            let expected = serde_json::to_string(&message).unwrap();
            assert_eq!(data((1, "5"), &pieces, skipped), expected);
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in [
            "{}",
            r#"{"op":"shout","id":1}"#,
            r#"{"op":"subscribe","id":1}"#,
            r#"{"op":"subscribe","id":-1,"filter":"a"}"#,
            r#"{"op":"subscribe","id":1,"filter":"a","from":7}"#,
            r#"{"op":"subscribe","id":1,"filter":"a","mode":"some"}"#,
            r#"{"op":"unsubscribe","id":1,"filter":"a"}"#,
        ] {
            assert!(serde_json::from_str::<ClientMessage>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_hub_speaks_the_documented_shape() {
        let noon = Timestamp(1_795_262_400_000_000_000);
        let samples = [Sample::new(("a", None), (&Value::Int(1), Quality::GOOD), noon, 4)];
        check(
            &ServerMessage::Data { id: 1, cursor: "4", samples: &samples, skipped: None },
            &expect![[
                r#"{"op":"data","id":1,"cursor":"4","samples":[{"topic":"a","value":1,"quality":"Good","timestamp":"2026-11-21T12:00:00Z","sequence":4}]}"#
            ]],
        );
        check(
            &ServerMessage::Data { id: 1, cursor: "4", samples: &[], skipped: Some(2) },
            &expect![[r#"{"op":"data","id":1,"cursor":"4","samples":[],"skipped":2}"#]],
        );
        check(
            &ServerMessage::Subscribed { id: 1, cursor: "9" },
            &expect![[r#"{"op":"subscribed","id":1,"cursor":"9"}"#]],
        );
        check(
            &ServerMessage::Gap { id: 1, after: "2", until: "5" },
            &expect![[r#"{"op":"gap","id":1,"after":"2","until":"5"}"#]],
        );
        check(
            &ServerMessage::Error { id: None, reason: "payload_malformed", detail: "x" },
            &expect![[r#"{"op":"error","reason":"payload_malformed","detail":"x"}"#]],
        );
    }
}
