//! Errors of the API as RFC 9457 has them.

use serde::Serialize;
use utoipa::ToSchema;

/// `application/problem+json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// A URN made of the reason; two problems of one type have one cause.
    #[serde(rename = "type")]
    pub kind: String,
    /// The reason in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// The stable name of the reason, for programs.
    pub reason: String,
    /// The request in our log.
    pub request_id: String,
    /// The dead letter that describes the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub dead_id: Option<Box<str>>,
}

impl Problem {
    /// The media type of the body.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    /// A problem whose type and title follow from its reason.
    pub fn new(status: u16, reason: &str, detail: String, request_id: String) -> Self {
        Self {
            kind: format!("urn:uns:problem:{reason}"),
            title: reason.replace('_', " "),
            status,
            detail,
            reason: reason.to_owned(),
            request_id,
            dead_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_what_the_standard_says() {
        let problem = Problem::new(400, "topic_invalid", "empty".into(), "r-1".into());
        expect_test::expect![[r#"{"type":"urn:uns:problem:topic_invalid","title":"topic invalid","status":400,"detail":"empty","reason":"topic_invalid","requestId":"r-1"}"#]]
        .assert_eq(&serde_json::to_string(&problem).unwrap());
    }
}
