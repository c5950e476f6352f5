//! `DELETE traces/{id}`: ends a trace.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use hub_kit::Refusal;
use schemas::http::Problem;

use crate::service::Service;

/// Ends a trace and forgets its events.
#[utoipa::path(delete, path = "/api/v1/broker/traces/{id}", tag = "broker", operation_id = "stopTrace",
    params(("id" = String, Path, description = "The trace")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "`trace_unknown`", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    service.mqtt.stop_trace(service.org, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
