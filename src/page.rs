//! The page, embedded in the binary: static files with the headers a browser needs.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

#[derive(rust_embed::RustEmbed)]
#[folder = "web/dist/"]
#[allow_missing = true]
struct Files;

/// What is served in place of the page by a binary that was built without Node.
const WITHOUT: &str = "<!doctype html><meta charset=\"utf-8\"><title>UNS Hub</title>\
    <p>This binary was built without the page. The API is at \
    <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.";

/// Whether this binary carries the page.
pub(crate) fn embedded() -> bool {
    Files::get("index.html").is_some()
}

/// Where it is, as [`hub_kit::http::ServeConfig::entrance`] wants it.
pub(crate) const PATHS: &[&str] = &["/", "/assets/", "/favicon.svg"];

/// Serves the page at `/`; its own routes are paths below, so an unknown path without an
/// extension is the page too.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(|| async { index() }))
        .route("/assets/{*path}", get(|uri: Uri| async move { asset(&uri) }))
        .route("/favicon.svg", get(|uri: Uri| async move { asset(&uri) }))
}

fn asset(uri: &Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let Some(file) = Files::get(path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // The build names assets by content, so they never change under one name.
    respond(content_type(path), "public, max-age=31536000, immutable", file.data)
}

fn index() -> Response {
    let data = Files::get("index.html").map_or(WITHOUT.as_bytes().into(), |file| file.data);
    respond("text/html; charset=utf-8", "no-cache", data)
}

fn respond(
    kind: &'static str,
    cache: &'static str,
    data: std::borrow::Cow<'static, [u8]>,
) -> Response {
    let mut response = Response::new(Body::from(data.into_owned()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json" | "map") => "application/json",
        _ => "application/octet-stream",
    }
}
