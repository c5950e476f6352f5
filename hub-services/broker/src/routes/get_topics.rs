//! `GET topics`: what is retained, and what was published to lately.

use axum::Json;
use axum::extract::{Query, State};
use hub_kit::http::{LIST, Pairs, Params};
use hub_kit::services::TopicQuery;
use hub_kit::{Caller, Refusal};
use schemas::http::Problem;
use schemas::http::broker::Topics;

use crate::params::choice;
use crate::service::Service;

/// Topics with a retained message, and those published to lately, page by page. A filter that
/// begins with a wildcard leaves out `$SYS`, as it does for subscribers.
#[utoipa::path(get, path = "/api/v1/broker/topics", tag = "broker", operation_id = "getTopics",
    params(
        ("filter" = Option<String>, Query, description = "`*` stands for `+`, `**` for `#`; all by default. `a/b/**` gives what lies below"),
        ("retained" = Option<bool>, Query, description = "Only those with a retained message, or only the others"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "1 to 1000, 100 by default"),
    ),
    responses(
        (status = 200, description = "One page", body = Topics),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Json<Topics>, Refusal> {
    let params = Params::new(pairs, &["filter", "retained", "after", "limit"])?;
    let query = TopicQuery {
        org: service.org,
        filter: params.filter()?,
        retained: choice(&params, "retained")?,
        after: params.text("after"),
        limit: params.limit(LIST)?,
    };
    service.mqtt.topics(query, caller.rights).await.map(Json)
}
