//! `DELETE sessions/{clientId}`: ends it, and its connection with it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use hub_kit::Refusal;
use schemas::http::Problem;

use crate::service::Service;

/// Ends a client's session, connected or not: its subscriptions go, and what it is owed. A client
/// that is connected is told 0x98, Administrative action, and begins anew when it comes back. The
/// client id is free for any account then.
#[utoipa::path(delete, path = "/api/v1/broker/sessions/{clientId}", tag = "broker", operation_id = "endSession",
    params(("clientId" = String, Path, description = "Its client id, percent-encoded")),
    responses(
        (status = 204, description = "It has ended, durably"),
        (status = 404, description = "`session_unknown`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`session_goes_on`: its client keeps coming back, or the log takes nothing", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    Path(client_id): Path<String>,
) -> Result<StatusCode, Refusal> {
    service.mqtt.end_session(service.org, client_id.clone()).await?;
    tracing::info!(client_id, "a session was ended by an operator");
    Ok(StatusCode::NO_CONTENT)
}
