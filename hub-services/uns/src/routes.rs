//! The routes under `/api/v1/uns` and what they share.

mod delete_nodes;
mod get_current;
mod get_dead_letters;
mod get_history;
mod get_search;
mod get_tree;
mod get_violations;
mod post_publish;

use axum::Router;
use axum::routing::{delete, get, post};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::service::Service;

pub(crate) fn router(service: Service) -> Router {
    Router::new()
        .route("/api/v1/uns/tree", get(get_tree::handle))
        .route("/api/v1/uns/current", get(get_current::handle))
        .route("/api/v1/uns/history", get(get_history::handle))
        .route("/api/v1/uns/search", get(get_search::handle))
        .route("/api/v1/uns/dead-letters", get(get_dead_letters::handle))
        .route("/api/v1/uns/violations", get(get_violations::handle))
        .route("/api/v1/uns/publish", post(post_publish::handle))
        .route("/api/v1/uns/nodes", delete(delete_nodes::handle))
        .with_state(service)
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    get_tree::handle,
    get_current::handle,
    get_history::handle,
    get_search::handle,
    get_dead_letters::handle,
    get_violations::handle,
    post_publish::handle,
    delete_nodes::handle,
))]
struct Document;

pub(crate) fn openapi() -> OpenApi {
    Document::openapi()
}
