//! `GET stats`: figures of the whole broker.

use axum::Json;
use axum::extract::State;
use hub_kit::Refusal;
use schemas::http::Problem;
use schemas::http::broker::BrokerStats;

use crate::service::Service;

/// Figures of the whole broker, of each core and transport, and by cause.
#[utoipa::path(get, path = "/api/v1/broker/stats", tag = "broker", operation_id = "getBrokerStats",
    responses(
        (status = 200, description = "As of now", body = BrokerStats),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(State(service): State<Service>) -> Result<Json<BrokerStats>, Refusal> {
    service.mqtt.stats().await.map(Json)
}
