//! The upgrade: `GET /api/v1/ws`.

use std::sync::atomic::Ordering::Relaxed;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use hub_kit::http::Place;
use hub_kit::{Caller, Refusal};
use schemas::ws::{ClientMessage, ServerMessage};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::config::MESSAGE_BYTES_MAX;
use crate::connection;
use crate::service::Service;

/// What one connection reads at once. Commands are short, and there are many connections.
const BUFFER_BYTES: usize = 2 * 1024;

pub(crate) fn router(service: Service) -> Router {
    Router::new().route("/api/v1/ws", get(upgrade)).with_state(service)
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(upgrade),
    components(schemas(ClientMessage, ServerMessage<'static>)),
)]
struct Document;

pub(crate) fn openapi() -> OpenApi {
    Document::openapi()
}

/// Opens the live channel: text frames, one JSON message each. A client sends `ClientMessage`, the
/// hub answers with `ServerMessage`. Close code 4008: the client took nothing for 30 s.
#[utoipa::path(get, path = "/api/v1/ws", tag = "live", operation_id = "openLiveChannel",
    responses(
        (status = 101, description = "The live channel is open"),
        (status = 426, description = "`upgrade_required`: not a WebSocket request", body = schemas::http::Problem, content_type = "application/problem+json"),
        (status = 503, description = "`overloaded`: too many live clients", body = schemas::http::Problem, content_type = "application/problem+json"),
    ))]
async fn upgrade(
    State(service): State<Service>,
    caller: Caller,
    place: Option<Extension<Place>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let detail = format!("This address speaks WebSocket: {}.", rejection.body_text());
            return Refusal::new(426, "upgrade_required", detail).into_response();
        }
    };
    let kept = place.as_ref().is_none_or(|place| place.keep());
    let Some(slot) = service.slot().filter(|_| kept) else {
        service.statistics.refused.fetch_add(1, Relaxed);
        let detail = "The hub serves as many live clients as it may. Try again later.";
        return Refusal::new(503, "overloaded", detail).into_response();
    };
    upgrade
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(async move |socket| {
            connection::run(socket, &service, caller).await;
            drop((slot, place));
        })
}
