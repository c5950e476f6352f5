//! What the running hub says of itself.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::{Finding, publishers};
use crate::ready::Ready;

const AREA: &str = "hub";
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the hub of a directory whether it is well.
pub(super) fn examine(data: &Path) -> Vec<Finding> {
    let left = Ready::left_in(data).unwrap_or_default();
    let Some(http) = left["http"].as_str() else {
        let found = "the running hub has not said where it listens";
        return vec![Finding::warning(AREA, found, "if it has just been started, ask once more")];
    };
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent = config.timeout_global(Some(PATIENCE)).build().new_agent();
    let mut findings = vec![health(http, &agent)];
    findings.extend(publishers::examine(http, &agent));
    let (own, other) = (env!("CARGO_PKG_VERSION"), left["version"].as_str().unwrap_or(""));
    if other != own {
        let found = format!("the running hub is {other}, this command {own}");
        findings.push(Finding::warning(AREA, found, "restart the hub to run this release"));
    }
    findings
}

fn health(http: &str, agent: &ureq::Agent) -> Finding {
    let url = format!("http://{http}/readyz");
    let asked = agent
        .get(&url)
        .call()
        .and_then(|mut answer| Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?)));
    match asked {
        Ok((200, _)) => Finding::ok(AREA, format!("{url} says that all is well")),
        Ok((_, body)) => {
            let faults = faults(&serde_json::from_str(&body).unwrap_or_default());
            let remedy = "each fault says what to do; the hub's log says more";
            Finding::failed(AREA, format!("{url} says: {faults}"), remedy)
        }
        Err(error) => Finding::failed(
            AREA,
            format!("the hub has the directory, and {url} does not answer: {error}"),
            "look into its log; if it hangs, `kill -9` costs nothing that was acknowledged",
        ),
    }
}

/// The faults of an answer, one after the other.
fn faults(body: &Value) -> String {
    let all = body["faults"].as_array().map_or(&[][..], Vec::as_slice);
    let said = |fault: &Value| {
        let part = |key: &str| fault[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}: {}", part("check"), part("reason"), part("detail"))
    };
    match all.iter().map(said).collect::<Vec<_>>().join("; ") {
        none if none.is_empty() => "it is degraded, and tells why to those who log in".into(),
        some => some,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_or_that_they_are_not() {
        let body = serde_json::json!({"status": "degraded", "faults": [
            {"check": "log", "reason": "storage_full", "detail": "no space"}]});
        assert_eq!(faults(&body), "log storage_full: no space");
        assert!(faults(&serde_json::json!({"faults": []})).contains("log in"));
    }
}
