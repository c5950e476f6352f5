//! `GET dead-letters`: what was published and refused.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use hub_kit::http::Pairs;
use hub_kit::services::Page;
use hub_kit::{Caller, Refusal};
use schemas::http::{DeadLetters, Problem};

use crate::params::{LIST, Params};
use crate::service::Service;

/// What was published and refused, oldest first, as long as it is kept.
#[utoipa::path(get, path = "/api/v1/uns/dead-letters", tag = "uns",
    operation_id = "getDeadLetters",
    params(
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "1 to 1000, 100 by default"),
    ),
    responses(
        (status = 200, description = "One page of dead letters", body = DeadLetters<'_>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    // They carry the topics and payloads of everybody.
    caller.check_admin()?;
    let params = Params::new(pairs, &["after", "limit"])?;
    let after = params.text("after");
    let limit = params.limit(LIST)?;
    let page = match &service.hub.dead_letters {
        Some(dead_letters) => {
            dead_letters.page(service.hub.org, after, limit, caller.rights.clone()).await?
        }
        None => Page::default(),
    };
    let letters = page.items.iter().map(String::as_str).collect();
    Ok(Json(DeadLetters { letters, next: page.next.as_deref() }).into_response())
}
