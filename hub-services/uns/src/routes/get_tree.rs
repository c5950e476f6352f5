//! `GET tree`: what lies below a path.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use hub_kit::http::Pairs;
use hub_kit::{Caller, Refusal};
use schemas::http::{Problem, Tree, TreeNode};
use uns_model::Value;
use uns_model::query::{self, TreeQuery};

use crate::hint;
use crate::listed::{cut_of, listed};
use crate::params::{LIST, Params};
use crate::service::Service;

/// The deepest listing of one call.
const DEPTH_MAX: u32 = 64;

/// What lies below a path, level by level.
#[utoipa::path(get, path = "/api/v1/uns/tree", tag = "uns", operation_id = "getTree",
    params(
        ("path" = Option<String>, Query, description = "The subtree; left out, the root. Empty, the level without a name that topics such as `/l/x` begin with. `uns/v1/` may be left out"),
        ("depth" = Option<u32>, Query, minimum = 1, maximum = 64, description = "Levels below the path, 1 to 64, 1 by default"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "1 to 1000, 100 by default"),
    ),
    responses(
        (status = 200, description = "One page of the tree", body = Tree<'_>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    let params = Params::new(pairs, &["path", "depth", "after", "limit"])?;
    let query = TreeQuery {
        org: service.hub.org,
        path: params.get("path").map(str::to_owned),
        depth: params.number("depth", 1, DEPTH_MAX)?,
        after: params.text("after"),
        limit: params.limit(LIST)?,
    };
    let first = query.after.is_none();
    service.hub.live.caught_up().await;
    let (path, page) = service.tree(query, &caller).await?;
    let cuts: Vec<_> = page.items.iter().map(|node| cut_of(node.last.as_ref())).collect();
    let nodes = page.items.iter().zip(&cuts);
    let children: Vec<_> = nodes.map(|(node, cut)| show(node, cut.as_ref())).collect();
    let hint = (first && children.is_empty() && page.next.is_none()).then(|| hint::of_path(&path));
    let body = Tree { path: &path, children, next: page.next.as_deref(), hint };
    Ok(Json(body).into_response())
}

fn show<'a>(node: &'a query::TreeNode, cut: Option<&'a (Value, u64)>) -> TreeNode<'a> {
    let last = listed(node.last.as_ref(), cut);
    let (children, leaf) = (node.children, node.leaf);
    TreeNode { name: &node.name, path: &node.path, children, leaf, last }
}
