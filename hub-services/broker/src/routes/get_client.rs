//! `GET clients/{clientId}`: one client.

use axum::Json;
use axum::extract::{Path, State};
use hub_kit::Refusal;
use schemas::http::Problem;
use schemas::http::broker::Client;

use crate::service::Service;

/// One connected client.
#[utoipa::path(get, path = "/api/v1/broker/clients/{clientId}", tag = "broker", operation_id = "getClient",
    params(("clientId" = String, Path, description = "Its client id, percent-encoded")),
    responses(
        (status = 200, description = "What is known of it", body = Client),
        (status = 404, description = "`client_unknown`", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    Path(client_id): Path<String>,
) -> Result<Json<Client>, Refusal> {
    service.mqtt.client(service.org, client_id).await.map(Json)
}
