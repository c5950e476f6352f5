//! `GET search`: nodes by words of their topic, and fields.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use hub_kit::http::Pairs;
use hub_kit::{Caller, Refusal};
use schemas::http::{Problem, SearchHit, SearchResults};
use uns_model::query::SearchQuery;

use crate::listed::{cut_of, listed};
use crate::params::{LIST, Params};
use crate::service::Service;

/// Nodes whose topic contains every word, and fields whose topic and name together do.
///
/// Where the topic alone contains every word, its fields are not listed one by one.
#[utoipa::path(get, path = "/api/v1/uns/search", tag = "uns", operation_id = "getSearch",
    params(
        ("q" = String, Query, description = "Words, in any case"),
        ("after" = Option<String>, Query, description = "`next` of the page before, of the same words"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "1 to 1000, 100 by default"),
    ),
    responses(
        (status = 200, description = "One page of what was found", body = SearchResults<'_>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    let params = Params::new(pairs, &["q", "after", "limit"])?;
    let query = SearchQuery {
        org: service.hub.org,
        text: params.required("q", "q=line3 temperature")?,
        after: params.text("after"),
        limit: params.limit(LIST)?,
    };
    service.hub.live.caught_up().await;
    let page = service.hub.live.search(query, caller.rights).await?;
    let cuts: Vec<_> = page.items.iter().map(|hit| cut_of(hit.last.as_ref())).collect();
    let results = page.items.iter().zip(&cuts).map(|(hit, cut)| {
        let name = hit.topic.rsplit('/').next().unwrap_or_default();
        let last = listed(hit.last.as_ref(), cut.as_ref());
        SearchHit { name, path: &hit.topic, field: hit.field.as_deref(), last }
    });
    let body = SearchResults { results: results.collect(), next: page.next.as_deref() };
    Ok(Json(body).into_response())
}
