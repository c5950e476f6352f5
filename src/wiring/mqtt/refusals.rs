//! What operators are told when the broker does not do what they ask.

use broker_server::Error;
use hub_kit::Refusal;

pub(super) fn client_unknown(client_id: &str) -> Refusal {
    let detail =
        format!("No client is connected as `{client_id}`. GET /api/v1/broker/clients lists them.");
    Refusal::new(404, "client_unknown", detail)
}

pub(super) fn session_unknown(client_id: &str) -> Refusal {
    let detail =
        format!("No session is kept for `{client_id}`. GET /api/v1/broker/sessions lists them.");
    Refusal::new(404, "session_unknown", detail)
}

pub(super) fn trace_unknown(id: &str) -> Refusal {
    let detail =
        format!("There is no trace `{id}`. GET /api/v1/broker/traces lists those there are.");
    Refusal::new(404, "trace_unknown", detail)
}

/// An error of the broker as the interface says it.
pub(super) fn refusal(error: &Error) -> Refusal {
    match error {
        Error::SessionGoesOn { .. } => Refusal::new(503, "session_goes_on", format!("{error}.")),
        Error::ShuttingDown => Refusal::new(503, "shutting_down", "The hub is stopping."),
        Error::TooManyTraces { .. } => Refusal::new(429, "trace_limit", format!("{error}.")),
        other => Refusal::internal("ask the broker", other),
    }
}
