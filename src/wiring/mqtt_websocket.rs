//! MQTT over WebSocket and the HTTP side: one guard against pages, and `/mqtt` on its port.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{self, HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use broker_server::{AddressSlot, Handle, OriginCheck, accept_upgrade};
use hub_kit::Refusal;
use hub_kit::http::{Carrier, Guard, Upgrade};

/// The guard of the HTTP side, for the broker's own listeners.
pub(crate) struct Guarded(pub(crate) Guard);

impl OriginCheck for Guarded {
    fn check(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<(), String> {
        self.0.admit_upgrade(peer.ip(), headers).map_err(|refusal| refusal.detail)
    }
}

/// `/mqtt`: the socket goes to a core of the broker.
pub(crate) fn router(broker: Handle) -> Router {
    Router::new().route("/mqtt", get(upgrade)).with_state(broker)
}

async fn upgrade(State(broker): State<Handle>, mut request: Request) -> Response {
    let mut bare = http::Request::new(());
    *bare.version_mut() = request.version();
    *bare.headers_mut() = request.headers().clone();
    let response = match accept_upgrade(&bare) {
        Ok(response) => response,
        Err((status, why)) => {
            return Refusal::new(status.as_u16(), "no_mqtt_upgrade", why).into_response();
        }
    };
    let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied()
    else {
        let detail = "Nobody knows where this connection comes from.";
        return Refusal::new(400, "no_mqtt_upgrade", detail).into_response();
    };
    let address_slot = match broker.address_slot(peer) {
        Ok(slot) => slot,
        Err(refused) => return no_room(refused),
    };
    let Some(upgrade) = Upgrade::of(&mut request) else {
        let detail = "This connection cannot become a WebSocket.";
        return Refusal::new(400, "no_mqtt_upgrade", detail).into_response();
    };
    tokio::spawn(hand_over(upgrade, address_slot, broker));
    response.map(|()| Body::empty())
}

/// Refuses a connection that there is no room for, before its client would wait for a CONNACK.
fn no_room(refused: broker_server::Refusal) -> Response {
    let detail = format!("No MQTT connection: {}.", refused.why);
    let mut response = Refusal::new(refused.status, "connection_limit", detail).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    response
}

/// Waits for the answer to be sent, then lets the broker have the socket.
async fn hand_over(upgrade: Upgrade, address_slot: AddressSlot, broker: Handle) {
    const PATIENCE: Duration = Duration::from_secs(10);
    match tokio::time::timeout(PATIENCE, upgrade.carrier()).await {
        Ok(Ok((carrier, early))) => {
            let adopted = match carrier {
                Carrier::Tcp(stream) => broker.adopt(address_slot, stream, early.into()).await,
                Carrier::Tls(stream) => broker.adopt_tls(address_slot, *stream, early.into()).await,
            };
            if let Err(error) = adopted {
                tracing::debug!(%error, "an upgraded connection was not served");
            }
        }
        Ok(Err(error)) => tracing::debug!(%error, "a connection did not become a WebSocket"),
        Err(_) => tracing::debug!("a client did not take its answer"),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use broker_server::{Config, Deps, Pressure, Server};

    use super::*;

    /// Its client would else wait for a CONNACK on a connection that is closed in silence.
    #[tokio::test]
    async fn where_there_is_no_place_the_request_for_an_upgrade_is_refused_in_http() {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config { listen: vec![here.into()], cores: 1, ..Config::default() };
        let server = Server::start(config, Deps::default()).await.unwrap();
        let ask = async || {
            let request = http::Request::get("/mqtt")
                .header("host", "localhost")
                .header("connection", "Upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
                .extension(ConnectInfo(here));
            upgrade(State(server.handle()), request.body(Body::empty()).unwrap()).await
        };
        server.handle().set_pressure(Pressure::Full);
        let refused = ask().await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.headers().contains_key(RETRY_AFTER));
        server.handle().set_pressure(Pressure::None);
        assert_eq!(ask().await.status(), StatusCode::BAD_REQUEST, "nothing carries this request");
        server.shutdown(Duration::from_secs(5)).await;
    }
}
