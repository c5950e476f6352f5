//! Whose clocks cannot be right, as the running hub has seen.

use serde_json::Value;
use uns_model::{Clock as _, SystemClock, Timestamp, Zone};

use super::Finding;
use crate::config;

const AREA: &str = "clocks";
/// The worst are named; the list of the hub has all.
const NAMED_MAX: usize = 5;
/// A clock that has been right for so long is no matter any more.
const RECENT_NANOS: i64 = 3_600 * 1_000_000_000;

/// Asks the hub at this address.
pub(super) fn examine(http: &str, agent: &ureq::Agent) -> Vec<Finding> {
    let url = format!("http://{http}/api/v1/uns/violations?limit=1000");
    let asked = agent
        .get(&url)
        .call()
        .and_then(|mut answer| Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?)));
    match asked {
        Ok((200, body)) => {
            judge(&serde_json::from_str(&body).unwrap_or_default(), SystemClock.now())
        }
        Ok((401 | 403, _)) => vec![Finding::ok(
            AREA,
            "the hub names publishers whose clocks are wrong to administrators who log in: \
             GET /api/v1/uns/violations",
        )],
        // Whether the hub answers at all is another finding's matter; older ones have no such list.
        Ok(_) | Err(_) => Vec::new(),
    }
}

fn judge(body: &Value, now: Timestamp) -> Vec<Finding> {
    let violations = body["violations"].as_array().map_or(&[][..], Vec::as_slice);
    let recent = violations.iter().filter(|one| is_recent(one, now));
    let recent: Vec<_> = recent.collect();
    if recent.is_empty() {
        return vec![Finding::ok(
            AREA,
            "the clock of every publisher of the last hour can be right",
        )];
    }
    let mut findings: Vec<_> = recent.iter().take(NAMED_MAX).map(|one| finding(one)).collect();
    if recent.len() > NAMED_MAX {
        let found = format!("{} publishers more have wrong clocks", recent.len() - NAMED_MAX);
        let remedy = "GET /api/v1/uns/violations names them; set up NTP for all of them";
        findings.push(Finding::warning(AREA, found, remedy));
    }
    findings
}

fn is_recent(violation: &Value, now: Timestamp) -> bool {
    let last = violation["last"].as_str();
    let last = last.and_then(|last| Timestamp::parse_in(last, &Zone::default(), now));
    last.is_some_and(|last| now.0.saturating_sub(last.0) < RECENT_NANOS)
}

fn finding(violation: &Value) -> Finding {
    let text = |key: &str| violation[key].as_str().unwrap_or_default();
    let offset = violation["offsetSeconds"].as_f64();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "for people")]
    let far = offset.map(|seconds| config::span_in_words(seconds.abs().round() as u64));
    let off = match (text("fault"), far) {
        ("set_back", Some(far)) => format!("was set back by {far}"),
        (_, Some(far)) if offset.is_some_and(|seconds| seconds < 0.0) => format!("is {far} behind"),
        (_, Some(far)) => format!("is {far} ahead"),
        (_, None) => "names times that cannot be read".to_owned(),
    };
    let topic = violation["topic"].as_str().map(|topic| format!(", as on `{topic}`"));
    let whose = if text("fault") == "unreadable" { "" } else { "the clock of " };
    let found = format!(
        "{whose}the publisher `{}` {off}: {} messages{}, the last one at {}",
        text("clientId"),
        violation["messages"],
        topic.unwrap_or_default(),
        text("last")
    );
    Finding::warning(AREA, found, text("remedy"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Verdict;
    use super::*;

    /// 2026-11-21T12:00:00Z.
    const NOON: Timestamp = Timestamp(1_795_262_400_000_000_000);

    fn violation(more: &Value) -> Value {
        let mut all = json!({"clientId": "press7", "fault": "ahead", "messages": 3,
            "topic": "Werk/t", "last": "2026-11-21T11:59:00Z", "remedy": "Set its clock by NTP."});
        for (key, value) in more.as_object().expect("an object") {
            all[key] = value.clone();
        }
        all
    }

    #[test]
    fn the_worst_are_named_with_how_far_they_are_off() {
        for (more, said) in [
            (
                json!({"offsetSeconds": 7_200.4}),
                "`press7` is 2 h ahead: 3 messages, as on `Werk/t`",
            ),
            (
                json!({"fault": "out_of_range", "offsetSeconds": -1_795_262_400.0}),
                "is 20778 days behind",
            ),
            (json!({"fault": "unreadable"}), "names times that cannot be read"),
            (json!({"fault": "set_back", "offsetSeconds": -90.0}), "was set back by 90 s"),
        ] {
            let found = judge(&json!({"violations": [violation(&more)]}), NOON);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].verdict, Verdict::Warning);
            assert!(found[0].found.contains(said), "{said}: {found:?}");
            assert_eq!(found[0].remedy.as_deref(), Some("Set its clock by NTP."));
        }
    }

    #[test]
    fn many_are_counted_and_those_that_are_right_again_are_not_told() {
        let many = vec![violation(&json!({})); 8];
        let found = judge(&json!({"violations": many}), NOON);
        assert_eq!(found.len(), 6);
        assert!(found[5].found.contains("3 publishers more"), "{found:?}");
        let old = violation(&json!({"last": "2026-11-21T10:59:00Z"}));
        for body in [json!({"violations": [old]}), json!({})] {
            let found = judge(&body, NOON);
            assert_eq!((found.len(), found[0].verdict), (1, Verdict::Ok));
        }
    }
}
