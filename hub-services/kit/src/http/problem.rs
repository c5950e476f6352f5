//! Errors as RFC 9457 problem JSON, each with its stable `reason` and the `requestId` of the log.

use std::fmt;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use schemas::http::Problem;
use uns_model::Random;

use crate::Refusal;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static(Problem::MEDIA_TYPE);
/// How much of a framework's plain text becomes the detail.
const TEXT_BYTES_MAX: usize = 4096;

/// Names one request in answers and logs. Made here: what a client sends is not trusted.
#[derive(Clone, Debug)]
pub struct RequestId(Arc<str>);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Gives the request its id and the answer its header.
pub(crate) async fn identify(
    State(random): State<Arc<dyn Random>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id: Arc<str> = format!("{:016x}", random.u64()).into();
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = status(self.status).into_response();
        if self.reason == Self::MEMORY_FULL {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of refusals, and turns every other error into a problem too: what axum answers
/// by itself (405, body limits, malformed queries) is plain text or nothing.
pub(crate) async fn render(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let response = next.run(request).await;
    if let Some(refusal) = response.extensions().get::<Refusal>() {
        let rendered = to_response(refusal, id.as_ref());
        return keep_headers(response.headers(), rendered);
    }
    let error = response.status().is_client_error() || response.status().is_server_error();
    let has_json = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().ends_with(b"json"));
    if !error || has_json {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, TEXT_BYTES_MAX).await.unwrap_or_default();
    let refusal = framework_refusal(parts.status, &String::from_utf8_lossy(&text));
    let rendered = to_response(&refusal, id.as_ref());
    keep_headers(&parts.headers, rendered)
}

/// The problem, with the headers the first answer had (`Allow`, `Retry-After`).
fn keep_headers(first: &HeaderMap, mut rendered: Response) -> Response {
    for (name, value) in first {
        if name != CONTENT_TYPE && name != CONTENT_LENGTH {
            rendered.headers_mut().append(name, value.clone());
        }
    }
    rendered
}

fn framework_refusal(status: StatusCode, text: &str) -> Refusal {
    let reason = match status {
        StatusCode::BAD_REQUEST => "request_invalid",
        StatusCode::NOT_FOUND => "route_unknown",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "content_type",
        StatusCode::UPGRADE_REQUIRED => "upgrade_required",
        status if status.is_server_error() => "internal",
        _ => "request_invalid",
    };
    let detail = match reason {
        "method_not_allowed" => "The path exists, the method does not; `Allow` lists what does.",
        "body_too_large" => {
            "The request body is larger than `http.body_bytes_max`. Send it in parts."
        }
        _ if text.is_empty() => status.canonical_reason().unwrap_or("The request was refused."),
        _ => text,
    };
    Refusal::new(status.as_u16(), reason, detail)
}

pub(crate) fn to_response(refusal: &Refusal, id: Option<&RequestId>) -> Response {
    let status = status(refusal.status);
    let id = id.map(ToString::to_string).unwrap_or_default();
    let problem = Problem::new(refusal.status, refusal.reason, refusal.detail.clone(), id);
    let problem = Problem { dead_id: refusal.dead_id.clone(), ..problem };
    let body = serde_json::to_vec(&problem).expect("a problem is plain strings and numbers");
    let mut response = (status, body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, PROBLEM_JSON);
    response
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
