//! HTTP composition: the modules' routes behind one guard, with health, metrics and the API document.
//!
//! [`App`] collects the parts, [`App::router`] puts them behind the layers, [`serve()`] answers
//! connections. Outermost first: request id, problem JSON, security headers, panic barrier, guard
//! (host, forwarding, origin, content type), limits.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use uns_model::Random;
use utoipa::openapi::OpenApi;

use crate::health::HealthCheck;
use crate::metrics::MetricSource;
use crate::{Refusal, Started};

mod access;
mod config;
mod guard;
mod headers;
mod inflate;
mod limits;
mod login;
mod operations;
mod params;
mod patience;
mod places;
mod problem;
mod requests;
mod room;
mod serve;
mod upgrade;

pub use access::Anonymous;
pub use config::HttpConfig;
pub use guard::{Guard, Hosts};
pub use login::{Credential, LogIn, NoAccounts};
pub use params::{LIST, Limit, Pairs, Params, short};
pub use places::{Lender, Loan, Place, Places, RESERVE};
pub use problem::RequestId;
pub use serve::{CONNECTIONS_MAX, HEADER_BYTES_MAX, ServeConfig, TlsSource, serve};
pub use upgrade::{Carrier, Upgrade};

/// Requests for health, metrics and the API's description at once, and what their answers take.
const WATCHING_MAX: usize = 64;
const WATCHING_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The HTTP side of the hub while it is put together.
pub struct App {
    router: Router,
    entrance: Router,
    openapi: OpenApi,
    metrics: Vec<Arc<dyn MetricSource>>,
    health: Vec<Arc<dyn HealthCheck>>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

impl App {
    /// Nothing but the operators' routes.
    pub fn new(version: &str) -> Self {
        Self {
            router: Router::new(),
            entrance: Router::new(),
            openapi: operations::openapi(version),
            metrics: Vec::new(),
            health: Vec::new(),
        }
    }

    /// Adds a started module.
    pub fn module(&mut self, started: Started) {
        let Started { router, openapi, task: _, metrics, health } = started;
        self.routes(router);
        if let Some(openapi) = openapi {
            self.openapi.merge(openapi);
        }
        self.metrics.extend(metrics);
        self.health.extend(health);
    }

    /// Adds routes outside the API, such as `/mqtt`.
    pub fn routes(&mut self, router: Router) {
        self.router = std::mem::take(&mut self.router).merge(router);
    }

    /// Adds routes by which people log in: they have limits of their own, as health and metrics do,
    /// so that a busy hub lets them through ([`ServeConfig::entrance`] does so for connections).
    pub fn entrance(&mut self, router: Router) {
        self.entrance = std::mem::take(&mut self.entrance).merge(router);
    }

    /// Adds something that counts.
    pub fn metrics(&mut self, source: Arc<dyn MetricSource>) {
        self.metrics.push(source);
    }

    /// Adds a health check.
    pub fn health(&mut self, check: Arc<dyn HealthCheck>) {
        self.health.push(check);
    }

    /// Everything behind the guard.
    pub fn router(mut self, config: &HttpConfig, shared: Parts) -> Router {
        let Parts { guard, random } = shared;
        let limits = Arc::new(limits::Limits::new(config));
        let requests = Arc::new(requests::Requests::default());
        self.metrics.push(requests.clone());
        self.metrics.push(limits.clone());
        let watching = Arc::new(limits.beside(&HttpConfig {
            bodies_bytes_max: WATCHING_BYTES_MAX,
            requests_max: WATCHING_MAX,
            ..config.clone()
        }));
        // Limits of their own: who watches the hub or logs in gets through however busy it is.
        let operations = operations::router(self.openapi, self.metrics, self.health)
            .merge(self.entrance)
            .layer(from_fn_with_state(watching, limits::limit));
        let guard = Arc::new(guard);
        self.router
            .fallback(unknown_route)
            .layer(DefaultBodyLimit::max(config.body_bytes_max))
            .layer(from_fn_with_state(config.body_bytes_max, inflate::inflate))
            .layer(from_fn_with_state(limits, limits::limit))
            .merge(operations)
            .layer(tower_http::compression::CompressionLayer::new())
            .layer(from_fn_with_state(guard, guard::guard))
            // Whoever watches the process asks by address and needs no identity.
            .route("/healthz", get(operations::alive))
            .layer(from_fn(limits::contain_panic))
            .layer(from_fn(headers::secure))
            .layer(from_fn(problem::render))
            .layer(from_fn_with_state(requests, requests::count))
            .layer(from_fn_with_state(random, problem::identify))
    }
}

/// What the HTTP side shares with the rest of the process.
#[derive(Clone)]
pub struct Parts {
    /// Who is let in; shared with the MQTT side.
    pub guard: Guard,
    /// Chance, for request ids.
    pub random: Arc<dyn Random>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("guard", &self.guard).finish_non_exhaustive()
    }
}

async fn unknown_route(uri: axum::http::Uri) -> Refusal {
    let detail = format!(
        "There is nothing at `{}`. /api/v1/openapi.json lists every call.",
        uri.path().chars().take(200).collect::<String>()
    );
    Refusal::new(404, "route_unknown", detail)
}

#[cfg(test)]
mod tests;
