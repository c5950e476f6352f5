//! The operators' routes: readiness, metrics, the API document.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::health::{Fault, HealthCheck};
use crate::metrics::{self, Exposition, MetricSource};
use crate::{Caller, Refusal};

/// Whether the hub should get work, and if not, why.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Readiness {
    /// `ready` or `degraded`.
    #[schema(value_type = String)]
    status: &'static str,
    /// What is wrong; empty when ready, and for whoever may not see the hub's figures.
    faults: Vec<ReadinessFault>,
    /// What to look into although it does not make the hub degraded; empty for whoever may not see
    /// the hub's figures.
    notices: Vec<ReadinessFault>,
}

/// One finding.
#[derive(Serialize, utoipa::ToSchema)]
struct ReadinessFault {
    /// What was checked.
    #[schema(value_type = String)]
    check: &'static str,
    /// Stable name of the finding.
    #[schema(value_type = String)]
    reason: &'static str,
    /// For a person.
    detail: String,
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(alive, ready, scrape, document), components(schemas(schemas::http::Problem)))]
struct Document;

/// The document the modules' own are merged into.
pub(crate) fn openapi(version: &str) -> OpenApi {
    let mut document = Document::openapi();
    document.info = utoipa::openapi::InfoBuilder::new()
        .title("UNS Hub")
        .version(version)
        .description(Some(
            "One log, many views. Errors are problem JSON with a stable `reason`; lists page by \
             `after` and `next`; times are RFC 3339 UTC.",
        ))
        .build();
    document
}

type Checks = Arc<Vec<Arc<dyn HealthCheck>>>;
type Sources = Arc<Vec<Arc<dyn MetricSource>>>;

/// The routes.
pub(crate) fn router(
    openapi: OpenApi,
    metrics: Vec<Arc<dyn MetricSource>>,
    health: Vec<Arc<dyn HealthCheck>>,
) -> Router {
    let openapi: Arc<OpenApi> = Arc::new(openapi);
    let checks: Checks = Arc::new(health);
    let sources: Sources = Arc::new(metrics);
    Router::new()
        .route("/readyz", get(ready).with_state(checks))
        .route("/metrics", get(scrape).with_state(sources))
        .route("/api/v1/openapi.json", get(document).with_state(openapi))
}

/// Whether the process lives, whatever the Host header says.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses(
    (status = 200, description = "It does", body = String, content_type = "text/plain"),
))]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "operations", responses(
    (status = 200, description = "OpenAPI 3.1", body = serde_json::Value),
))]
async fn document(State(openapi): State<Arc<OpenApi>>) -> Response {
    Json(openapi.as_ref()).into_response()
}

/// Whether the hub should get work: 503 names what is wrong.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses(
    (status = 200, description = "All is well", body = Readiness),
    (status = 503, description = "Serving, but something is wrong", body = Readiness),
))]
async fn ready(State(checks): State<Checks>, caller: Option<Caller>) -> Response {
    let (mut faults, mut notices) = (Vec::new(), Vec::new());
    for check in checks.iter() {
        let said =
            |Fault { reason, detail }| ReadinessFault { check: check.name(), reason, detail };
        faults.extend(check.faults().into_iter().map(said));
        notices.extend(check.notices().into_iter().map(said));
    }
    let (code, status) = match faults.is_empty() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "degraded"),
    };
    if !caller.is_some_and(|caller| caller.may_see_figures()) {
        faults.clear();
        notices.clear();
    }
    (code, Json(Readiness { status, faults, notices })).into_response()
}

/// Every counter and gauge as Prometheus text, for admins and for whoever may read `$SYS/#`.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses(
    (status = 200, description = "Prometheus text", body = String, content_type = "text/plain"),
    (status = "4XX", description = "Refused", body = schemas::http::Problem, content_type = "application/problem+json"),
))]
async fn scrape(State(sources): State<Sources>, caller: Caller) -> Result<Response, Refusal> {
    caller.check_figures()?;
    let mut out = Exposition::default();
    for source in sources.iter() {
        source.write(&mut out);
    }
    Ok(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], out.render()).into_response())
}
