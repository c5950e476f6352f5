//! `DELETE clients/{clientId}`: ends its connection.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use hub_kit::Refusal;
use schemas::http::Problem;

use crate::service::Service;

/// Ends a client's connection: MQTT 5 clients are told 0x98, Administrative action. Its will is
/// published, its session stays as after any loss, and it may come back.
#[utoipa::path(delete, path = "/api/v1/broker/clients/{clientId}", tag = "broker", operation_id = "kickClient",
    params(("clientId" = String, Path, description = "Its client id, percent-encoded")),
    responses(
        (status = 204, description = "It is told to go"),
        (status = 404, description = "`client_unknown`", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    Path(client_id): Path<String>,
) -> Result<StatusCode, Refusal> {
    service.mqtt.kick(service.org, client_id.clone()).await?;
    tracing::info!(client_id, "a client was disconnected by an operator");
    Ok(StatusCode::NO_CONTENT)
}
