//! `POST traces`: follows one client, or some topics, for a while.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use hub_kit::services::TraceSpec;
use hub_kit::{Caller, Refusal};
use schemas::http::Problem;
use schemas::http::broker::{Trace, TraceRequest};
use uns_model::Filter;

use crate::service::Service;

const SECONDS_MAX: u32 = 600;
const EVENTS_MAX: u32 = 10_000;

/// Starts a trace of one client, of the publishes on some topics, or of both. Without `payload` no
/// byte of any payload is kept.
#[utoipa::path(post, path = "/api/v1/broker/traces", tag = "broker", operation_id = "startTrace",
    request_body = TraceRequest,
    responses(
        (status = 201, description = "It runs", body = Trace),
        (status = 429, description = "`trace_limit`: too many traces run", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    body: Bytes,
) -> Result<(StatusCode, Json<Trace>), Refusal> {
    let asked: TraceRequest = serde_json::from_slice(&body)
        .map_err(|error| malformed(format!("The body is no trace request: {error}.")))?;
    let filter = asked.topic_filter.as_deref().map(Filter::parse).transpose();
    let filter = filter.map_err(|error| malformed(format!("`topicFilter`: {error}.")))?;
    if asked.client_id.is_none() && filter.is_none() {
        return Err(malformed("Give `clientId`, `topicFilter`, or both.".to_owned()));
    }
    if let Some(filter) = &filter
        && !caller.rights.may_inspect(filter.as_str())
    {
        let detail = format!("The rules deny everybody what `{}` matches.", filter.as_str());
        return Err(Refusal::new(403, "not_allowed", detail));
    }
    let spec = TraceSpec {
        org: service.org,
        client_id: asked.client_id,
        filter,
        duration: Duration::from_secs(
            within("durationSeconds", asked.duration_seconds, 60, SECONDS_MAX)?.into(),
        ),
        limit: within("limit", asked.limit, 1_000, EVENTS_MAX)? as usize,
        payload: asked.payload,
    };
    let (client_id, filter) = (spec.client_id.clone(), spec.filter.clone());
    let trace = service.mqtt.start_trace(spec, caller.rights).await?;
    let (id, payload) = (&trace.id, asked.payload);
    tracing::info!(id, client_id, filter = ?filter, payload, "a trace was started");
    Ok((StatusCode::CREATED, Json(trace)))
}

fn within(name: &str, given: Option<u32>, default: u32, max: u32) -> Result<u32, Refusal> {
    let value = given.unwrap_or(default);
    if (1..=max).contains(&value) {
        return Ok(value);
    }
    Err(malformed(format!("`{name}` is {value}: it must be from 1 to {max}.")))
}

fn malformed(detail: String) -> Refusal {
    Refusal::new(400, "body_malformed", detail)
}
