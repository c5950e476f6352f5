//! `GET search`: nodes by words of their topic.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use hub_kit::http::Pairs;
use hub_kit::services::SearchQuery;
use hub_kit::{Caller, Reads, Refusal};
use schemas::http::{Problem, SearchHit, SearchResults};

use crate::listed::{cut_of, listed};
use crate::params::{LIST, Params};
use crate::service::Service;

/// Nodes whose topic contains every word.
#[utoipa::path(get, path = "/api/v1/uns/search", tag = "uns", operation_id = "getSearch",
    params(
        ("q" = String, Query, description = "Words, in any case"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "1 to 1000, 100 by default"),
    ),
    responses(
        (status = 200, description = "What was found, best first", body = SearchResults<'_>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    let params = Params::new(pairs, &["q", "limit"])?;
    let limit = params.limit(LIST)?;
    let all = caller.rights.reads("#") == Reads::All;
    let query = SearchQuery {
        org: service.hub.org,
        text: params.required("q", "q=line3 temperature")?,
        // What the caller may not see takes no place of what it may.
        limit: if all { limit } else { LIST.max },
    };
    service.hub.live.caught_up().await;
    let mut hits = service.hub.live.search(query).await?;
    hits.retain(|hit| all || caller.rights.may_read(&hit.topic));
    hits.truncate(limit);
    let cuts: Vec<_> = hits.iter().map(|hit| cut_of(hit.last.as_ref())).collect();
    let results = hits.iter().zip(&cuts).map(|(hit, cut)| {
        let name = hit.topic.rsplit('/').next().unwrap_or_default();
        let last = listed(hit.last.as_ref(), cut.as_ref());
        SearchHit { name, path: &hit.topic, last }
    });
    Ok(Json(SearchResults { results: results.collect() }).into_response())
}
