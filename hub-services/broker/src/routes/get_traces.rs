//! `GET traces`: the traces there are.

use axum::Json;
use axum::extract::State;
use hub_kit::{Caller, Refusal};
use schemas::http::Problem;
use schemas::http::broker::Traces;

use crate::service::Service;

/// Traces that run, and those that ended a short while ago; without their events.
#[utoipa::path(get, path = "/api/v1/broker/traces", tag = "broker", operation_id = "getTraces",
    responses(
        (status = 200, description = "All of them", body = Traces),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
) -> Result<Json<Traces>, Refusal> {
    let traces = service.mqtt.traces(service.org, caller.rights).await?;
    Ok(Json(Traces { traces }))
}
