//! Answer of `GET violations`.

use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::WireTime;

/// Answer of `GET violations`.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Violations<'a> {
    /// The publishers, the farthest off first; one is named again for each other fault.
    pub violations: Vec<ClockViolation<'a>>,
    /// How many there are in all.
    pub total: u64,
}

/// A publisher whose source times were not believed. Its values have the time of their arrival and
/// the quality they were published with.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClockViolation<'a> {
    /// What is violated: `clock`.
    pub kind: &'static str,
    /// Its client id.
    pub client_id: &'a str,
    /// `ahead`: over 60 s ahead of the hub. `out_of_range`: outside 2000..2100. `unreadable`: its times
    /// cannot be read, which says nothing of its clock. `set_back`: its clock was set back and runs on.
    pub fault: &'static str,
    /// How many of its messages had this fault, since the hub started.
    pub messages: u64,
    /// How far its time was from the hub's, the last time; above zero is ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub offset_seconds: Option<f64>,
    /// The farthest that it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub worst_seconds: Option<f64>,
    /// Where it published such a time last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub topic: Option<&'a str>,
    /// The first time.
    pub first: WireTime,
    /// The last time.
    pub last: WireTime,
    /// What to do.
    pub remedy: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uns_model::Timestamp;

    #[test]
    fn a_violation_says_only_what_is_known() {
        let time = WireTime(Timestamp(1_795_262_400_000_000_000));
        let unreadable = ClockViolation {
            kind: "clock",
            client_id: "press7",
            fault: "out_of_range",
            messages: 3,
            offset_seconds: None,
            worst_seconds: Some(-5.5),
            topic: None,
            first: time,
            last: time,
            remedy: "x",
        };
        let body = Violations { violations: vec![unreadable], total: 1 };
        expect_test::expect![[r#"{"violations":[{"kind":"clock","clientId":"press7","fault":"out_of_range","messages":3,"worstSeconds":-5.5,"first":"2026-11-21T12:00:00Z","last":"2026-11-21T12:00:00Z","remedy":"x"}],"total":1}"#]]
        .assert_eq(&serde_json::to_string(&body).unwrap());
    }
}
