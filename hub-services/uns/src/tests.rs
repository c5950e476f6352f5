//! The routes on fakes of the services behind them.

mod fake;
mod publishing;
mod reading;
mod rights;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::response::Response;
use hub_kit::http::{Anonymous, App, Guard, Hosts, HttpConfig, LogIn, NoAccounts, Parts};
use hub_kit::{Hub, Kind, Stop};
use tower::ServiceExt as _;
use uns_model::{ManualClock, OrgId, SeededRandom, Timestamp, Zone};

use crate::Uns;
use fake::Fake;

/// 2026-11-21T12:00:00Z.
const NOON: i64 = 1_795_262_400_000_000_000;

/// The module on a fake, behind the kit's guard.
async fn router(fake: &Arc<Fake>, log_in: Arc<dyn LogIn>) -> Router {
    let (_stopper, stop) = Stop::pair();
    let hub = Hub {
        org: OrgId::DEFAULT,
        live: fake.clone(),
        history: fake.clone(),
        publish: fake.clone(),
        mqtt: None,
        log: Arc::new(fabric::sim::SimLog::new()),
        dead_letters: Some(fake.clone()),
        db: None,
        clock: Arc::new(ManualClock::new(Timestamp(NOON))),
        zone: Zone::default(),
        stop,
    };
    let started = Kind::of::<Uns>().start(serde_json::Value::Null, hub).await.unwrap();
    let mut app = App::new("0");
    app.module(started);
    let hosts = Hosts::new(&[]).unwrap();
    let guard = Guard::new(hosts, Arc::new(Anonymous::allowed()), log_in);
    let parts = Parts { guard, random: Arc::new(SeededRandom::new(7)) };
    app.router(&HttpConfig::default(), parts)
}

async fn send(fake: &Arc<Fake>, method: &str, uri: &str, body: &str) -> Response {
    send_as(fake, Arc::new(NoAccounts), (method, uri, body)).await
}

async fn send_as(
    fake: &Arc<Fake>,
    log_in: Arc<dyn LogIn>,
    (method, uri, body): (&str, &str, &str),
) -> Response {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1/uns/{uri}"))
        .header("host", "127.0.0.1:8080")
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    router(fake, log_in).await.oneshot(request).await.unwrap()
}

async fn text(response: Response) -> String {
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Status and body of a GET.
async fn get(fake: &Arc<Fake>, uri: &str) -> String {
    let response = send(fake, "GET", uri, "").await;
    let status = response.status().as_u16();
    format!("{status} {}", text(response).await)
}

/// Status and reason of a request that is refused.
async fn refused(fake: &Arc<Fake>, method: &str, uri: &str, body: &str) -> String {
    let response = send(fake, method, uri, body).await;
    let status = response.status().as_u16();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(kind, "application/problem+json", "{uri}");
    let problem: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
    format!("{status} {} {}", problem["reason"].as_str().unwrap(), problem["detail"])
}
