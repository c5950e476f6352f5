//! `DELETE nodes`: removes a node or a subtree.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use hub_kit::http::Pairs;
use hub_kit::http::short;
use hub_kit::services::DeleteQuery;
use hub_kit::{Caller, Refusal};
use schemas::http::{Deleted, Problem};

use crate::params::Params;
use crate::resolve;
use crate::service::Service;

/// Removes a node and everything below it, with `purge` its history too. Needs the role admin. What
/// `[deny]` keeps from everybody stays, and is not counted.
#[utoipa::path(delete, path = "/api/v1/uns/nodes", tag = "uns", operation_id = "deleteNodes",
    params(
        ("path" = String, Query, description = "The node or subtree. `uns/v1/` may be left out"),
        ("purge" = Option<bool>, Query, description = "Remove the history too, for ever"),
    ),
    responses(
        (status = 200, description = "Removed, durable", body = Deleted),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    caller.check_admin()?;
    let params = Params::new(pairs, &["path", "purge"])?;
    let path = params.required("path", "path=uns/v1/acme/line3")?;
    let purge = params.flag("purge")?;
    if path.contains(['*', '+', '#']) && service.topic(&path, &caller).is_none() {
        let remedy = "takes one node or subtree, without wildcards.";
        return Err(Refusal::parameter("path", remedy));
    }
    let (live, org) = (&service.hub.live, service.hub.org);
    live.caught_up().await;
    let below = |path| DeleteQuery { org, path, rights: caller.rights.clone(), purge };
    let mut deleted = live.delete(below(path.clone())).await?;
    if let (0, Some(path)) = (deleted, resolve::completed(&path)) {
        deleted = live.delete(below(path)).await?;
    }
    if deleted == 0 {
        return Err(Refusal::node_unknown(&path));
    }
    tracing::info!(path = short(&path), purge, deleted, "nodes deleted");
    let purged = match purge {
        true => Some(service.hub.history.purged().await),
        false => None,
    };
    Ok(Json(Deleted { deleted, purged }).into_response())
}
