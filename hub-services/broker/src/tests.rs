//! The routes on a fake of the service behind them.

mod fake;
mod reading;
mod tracing;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::response::Response;
use hub_kit::http::{Anonymous, App, Guard, Hosts, HttpConfig, NoAccounts, Parts};
use hub_kit::{Hub, Kind, Stop};
use tower::ServiceExt as _;
use uns_model::{ManualClock, OrgId, SeededRandom, Timestamp, Zone};

use crate::Broker;
use fake::{Fake, Nothing};

/// 2026-11-21T12:00:00Z.
const NOON: i64 = 1_795_262_400_000_000_000;

/// The module on a fake, behind the kit's guard.
async fn router(fake: &Arc<Fake>) -> Router {
    let (_stopper, stop) = Stop::pair();
    let nothing = Arc::new(Nothing);
    let hub = Hub {
        org: OrgId::DEFAULT,
        live: nothing.clone(),
        history: nothing.clone(),
        publish: nothing,
        mqtt: Some(fake.clone()),
        log: Arc::new(fabric::sim::SimLog::new()),
        dead_letters: None,
        db: None,
        clock: Arc::new(ManualClock::new(Timestamp(NOON))),
        zone: Zone::default(),
        stop,
    };
    let started = Kind::of::<Broker>().start(serde_json::Value::Null, hub).await.unwrap();
    let mut app = App::new("0");
    app.module(started);
    let hosts = Hosts::new(&[]).unwrap();
    let guard = Guard::new(hosts, Arc::new(Anonymous::allowed()), Arc::new(NoAccounts));
    let parts = Parts { guard, random: Arc::new(SeededRandom::new(7)) };
    app.router(&HttpConfig::default(), parts)
}

async fn send(fake: &Arc<Fake>, method: &str, path: &str, body: &str) -> Response {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1/{path}"))
        .header("host", "127.0.0.1:8080")
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    router(fake).await.oneshot(request).await.unwrap()
}

/// Status and body.
async fn answer(fake: &Arc<Fake>, method: &str, path: &str, body: &str) -> String {
    let response = send(fake, method, path, body).await;
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    format!("{status} {}", String::from_utf8(body.to_vec()).unwrap())
}

async fn get(fake: &Arc<Fake>, path: &str) -> String {
    answer(fake, "GET", &format!("broker/{path}"), "").await
}

/// Status and reason of a request that is refused.
async fn refused(fake: &Arc<Fake>, method: &str, path: &str, body: &str) -> String {
    let text = answer(fake, method, &format!("broker/{path}"), body).await;
    let (status, body) = text.split_once(' ').unwrap();
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    format!("{status} {}", problem["reason"].as_str().unwrap())
}
