//! `GET traces/{id}`: the events of a trace so far.

use axum::Json;
use axum::extract::{Path, Query, State};
use hub_kit::http::{LIST, Pairs, Params};
use hub_kit::services::TraceQuery;
use hub_kit::{Caller, Refusal};
use schemas::http::Problem;
use schemas::http::broker::Trace;

use crate::service::Service;

/// One trace with a page of its events, as they came.
#[utoipa::path(get, path = "/api/v1/broker/traces/{id}", tag = "broker", operation_id = "getTrace",
    params(
        ("id" = String, Path, description = "The trace"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "1 to 1000, 100 by default"),
    ),
    responses(
        (status = 200, description = "One page", body = Trace),
        (status = 404, description = "`trace_unknown`", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(pairs): Pairs,
) -> Result<Json<Trace>, Refusal> {
    let params = Params::new(pairs, &["after", "limit"])?;
    let (after, limit) = (params.text("after"), params.limit(LIST)?);
    let query = TraceQuery { org: service.org, id, after, limit };
    service.mqtt.trace(query, caller.rights).await.map(Json)
}
