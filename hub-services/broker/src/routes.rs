//! The routes under `/api/v1/broker`, for admins.

mod delete_client;
mod delete_session;
mod delete_trace;
mod get_client;
mod get_clients;
mod get_sessions;
mod get_stats;
mod get_subscriptions;
mod get_topics;
mod get_trace;
mod get_traces;
mod post_trace;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{delete, get};
use hub_kit::{Caller, Refusal};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::service::Service;

pub(crate) fn router(service: Service) -> Router {
    let client = get(get_client::handle).delete(delete_client::handle);
    let traces = get(get_traces::handle).post(post_trace::handle);
    let trace = get(get_trace::handle).delete(delete_trace::handle);
    Router::new()
        .route("/api/v1/broker/clients", get(get_clients::handle))
        .route("/api/v1/broker/clients/{client_id}", client)
        .route("/api/v1/broker/sessions", get(get_sessions::handle))
        .route("/api/v1/broker/sessions/{client_id}", delete(delete_session::handle))
        .route("/api/v1/broker/subscriptions", get(get_subscriptions::handle))
        .route("/api/v1/broker/topics", get(get_topics::handle))
        .route("/api/v1/broker/stats", get(get_stats::handle))
        .route("/api/v1/broker/traces", traces)
        .route("/api/v1/broker/traces/{id}", trace)
        .route_layer(from_fn(admins))
        .with_state(service)
}

/// Only admins look into the broker: it shows topics, names and addresses of everybody.
async fn admins(caller: Caller, request: Request, next: Next) -> Result<Response, Refusal> {
    caller.check_admin()?;
    Ok(next.run(request).await)
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    get_clients::handle,
    get_client::handle,
    delete_client::handle,
    get_sessions::handle,
    delete_session::handle,
    get_subscriptions::handle,
    get_topics::handle,
    get_stats::handle,
    get_traces::handle,
    post_trace::handle,
    get_trace::handle,
    delete_trace::handle,
))]
struct Document;

pub(crate) fn openapi() -> OpenApi {
    Document::openapi()
}
