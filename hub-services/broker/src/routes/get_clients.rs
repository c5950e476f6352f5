//! `GET clients`: who is connected.

use axum::Json;
use axum::extract::{Query, State};
use hub_kit::Refusal;
use hub_kit::http::{LIST, Pairs, Params};
use hub_kit::services::ClientQuery;
use schemas::http::Problem;
use schemas::http::broker::{ClientState, Clients, Pace};
use uns_model::query::ClientOrder;

use crate::params::word;
use crate::service::Service;

const KNOWN: [&str; 10] = [
    "clientId",
    "user",
    "address",
    "listener",
    "transport",
    "state",
    "pace",
    "sort",
    "after",
    "limit",
];

const STATES: [(&str, ClientState); 2] =
    [("connected", ClientState::Connected), ("connecting", ClientState::Connecting)];

const PACES: [(&str, Pace); 3] =
    [("fine", Pace::Fine), ("behind", Pace::Behind), ("slow", Pace::Slow)];

const TRANSPORTS: [(&str, &str); 4] = [
    ("tcp", "tcp"),
    ("tls", "tls"),
    ("websocket", "websocket"),
    ("websocket_tls", "websocket_tls"),
];

/// Connected clients, page by page.
#[utoipa::path(get, path = "/api/v1/broker/clients", tag = "broker", operation_id = "getClients",
    params(
        ("clientId" = Option<String>, Query, description = "Part of the client id"),
        ("user" = Option<String>, Query, description = "User name, or who it turned out to be"),
        ("address" = Option<String>, Query, description = "The beginning of its address"),
        ("listener" = Option<String>, Query, description = "The listener it came to"),
        ("transport" = Option<String>, Query, description = "`tcp`, `tls`, `websocket` or `websocket_tls`"),
        ("state" = Option<String>, Query, description = "`connected` or `connecting`"),
        ("pace" = Option<String>, Query, description = "`fine`, `behind` or `slow`"),
        ("sort" = Option<String>, Query, description = "`clientId` (default), or the most first: `dropped`, `queued`, `messagesIn`, `messagesOut`"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "1 to 1000, 100 by default"),
    ),
    responses(
        (status = 200, description = "One page", body = Clients),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    Query(pairs): Pairs,
) -> Result<Json<Clients>, Refusal> {
    let params = Params::new(pairs, &KNOWN)?;
    let query = ClientQuery {
        org: service.org,
        client_id: params.text("clientId"),
        user: params.text("user"),
        address: params.text("address"),
        listener: params.text("listener"),
        transport: word(&params, "transport", &TRANSPORTS)?.map(str::to_owned),
        state: word(&params, "state", &STATES)?,
        pace: word(&params, "pace", &PACES)?,
        order: word(&params, "sort", &ClientOrder::ALL)?.unwrap_or_default(),
        after: params.text("after"),
        limit: params.limit(LIST)?,
    };
    service.mqtt.clients(query).await.map(Json)
}
