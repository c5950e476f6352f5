//! `GET sessions`: whose state the broker keeps.

use axum::Json;
use axum::extract::{Query, State};
use hub_kit::Refusal;
use hub_kit::http::{LIST, Pairs, Params};
use schemas::http::Problem;
use schemas::http::broker::Sessions;
use uns_model::query::SessionQuery;

use crate::params::choice;
use crate::service::Service;

/// Sessions of clients, connected or not, page by page.
#[utoipa::path(get, path = "/api/v1/broker/sessions", tag = "broker", operation_id = "getSessions",
    params(
        ("clientId" = Option<String>, Query, description = "Part of the client id"),
        ("connected" = Option<bool>, Query, description = "Only those whose client is connected, or only the others"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "1 to 1000, 100 by default"),
    ),
    responses(
        (status = 200, description = "One page", body = Sessions),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    Query(pairs): Pairs,
) -> Result<Json<Sessions>, Refusal> {
    let params = Params::new(pairs, &["clientId", "connected", "after", "limit"])?;
    let query = SessionQuery {
        org: service.org,
        client_id: params.text("clientId"),
        connected: choice(&params, "connected")?,
        after: params.text("after"),
        limit: params.limit(LIST)?,
    };
    service.mqtt.sessions(query).await.map(Json)
}
