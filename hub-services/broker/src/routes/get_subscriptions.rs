//! `GET subscriptions`: who gets what.

use axum::Json;
use axum::extract::{Query, State};
use hub_kit::http::{LIST, Pairs, Params};
use hub_kit::services::SubscriptionQuery;
use hub_kit::{Caller, Refusal};
use schemas::http::Problem;
use schemas::http::broker::Subscriptions;
use uns_model::Filter;

use crate::service::Service;

/// Subscriptions of connected clients, page by page.
#[utoipa::path(get, path = "/api/v1/broker/subscriptions", tag = "broker", operation_id = "getSubscriptions",
    params(
        ("clientId" = Option<String>, Query, description = "Of this client"),
        ("filter" = Option<String>, Query, description = "Exactly this filter; `*` stands for `+`, `**` for `#`"),
        ("matches" = Option<String>, Query, description = "Filters a publish to this topic would match"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "1 to 1000, 100 by default"),
    ),
    responses(
        (status = 200, description = "One page", body = Subscriptions),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Json<Subscriptions>, Refusal> {
    let params = Params::new(pairs, &["clientId", "filter", "matches", "after", "limit"])?;
    let filter = params.text("filter").map(|text| {
        let read = Filter::from_url(&text).map(|filter| filter.as_str().to_owned());
        read.map_err(|error| Refusal::parameter("filter", format_args!("{error}.")))
    });
    let query = SubscriptionQuery {
        org: service.org,
        client_id: params.text("clientId"),
        filter: filter.transpose()?,
        matches: params.text("matches"),
        after: params.text("after"),
        limit: params.limit(LIST)?,
    };
    service.mqtt.subscriptions(query, caller.rights).await.map(Json)
}
