//! `POST publish`: one item or many, a result per item, answered after the commit.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hub_kit::services::{PublishBatch, PublishItem, Published, RefusedRow};
use hub_kit::{Caller, Refusal};
use schemas::http::{Problem, PublishReport, PublishRequest, PublishResult};

use crate::service::Service;

/// Who the log says published; the name of whoever logged in follows. Access control keeps these client
/// ids for the same callers over MQTT.
const CLIENT_ID: &str = "http";

/// Publishes one item or an array of them, with the checks an MQTT client passes.
#[utoipa::path(post, path = "/api/v1/uns/publish", tag = "uns", operation_id = "publish",
    request_body = PublishRequest,
    responses(
        (status = 200, description = "Every item is durable", body = PublishReport<'_>),
        (status = 207, description = "Some items, or some rows of a batch, were refused; the results say which and why", body = PublishReport<'_>),
        (status = "4XX", description = "Nothing was published; a single refused item answers with its own reason", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "The disk is full", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refusal> {
    let PublishRequest(requested) = serde_json::from_slice(&body).map_err(|error| {
        let detail = format!("The body is not one publish item or an array of them: {error}.");
        Refusal::new(400, "body_malformed", detail)
    })?;
    if requested.is_empty() {
        let detail = "The array is empty: there is nothing to publish.";
        return Err(Refusal::new(400, "body_malformed", detail));
    }
    // Items that cannot be read keep their place; the others are published.
    let mut results: Vec<Option<Result<Published, Refusal>>> = Vec::with_capacity(requested.len());
    let mut items = Vec::with_capacity(requested.len());
    for item in &requested {
        match readable(item) {
            Ok(item) => {
                items.push(item);
                results.push(None);
            }
            Err(refusal) => results.push(Some(Err(refusal))),
        }
    }
    let batch = PublishBatch {
        org: service.hub.org,
        client_id: client_id(&caller),
        rights: Arc::clone(&caller.rights),
        items,
        mark: None,
    };
    let mut published = service.hub.publish.together(batch).await.into_iter();
    let results: Vec<Result<Published, Refusal>> = results
        .into_iter()
        .map(|known| known.or_else(|| published.next()).unwrap_or_else(|| Err(unanswered())))
        .collect();
    if let [Err(refusal)] = results.as_slice() {
        return Err(refusal.clone());
    }
    let all = results.iter().all(|result| result.as_ref().is_ok_and(|item| item.refused == 0));
    let status = if all { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    // Whoever may read nothing learns nothing of how much others write.
    let told = caller.may_read_something();
    let answered = requested.iter().zip(&results);
    let report = answered.map(|(item, result)| report(&item.topic, result, told));
    Ok((status, Json(PublishReport { results: report.collect() })).into_response())
}

fn readable(item: &schemas::http::PublishItem) -> Result<PublishItem, Refusal> {
    if item.qos > 2 {
        let detail = format!("`qos` is {}: it must be 0, 1 or 2.", item.qos);
        return Err(Refusal::new(400, "body_malformed", detail));
    }
    let payload = item.bytes().map_err(|error| {
        let detail = format!("The payload cannot be read: {error}.");
        Refusal::new(400, "body_malformed", detail)
    })?;
    Ok(PublishItem {
        topic: item.topic.clone(),
        payload: hub_kit::Bytes::copy_from_slice(&payload),
        qos: item.qos,
        retain: item.retain,
        expiry: None,
        content_type: None,
        atomic: item.atomic,
    })
}

fn client_id(caller: &Caller) -> Arc<str> {
    if caller.name.is_empty() {
        CLIENT_ID.into()
    } else {
        format!("{CLIENT_ID}:{}", caller.name).into()
    }
}

/// For an item the gate gave no answer about.
fn unanswered() -> Refusal {
    Refusal::new(500, "internal", "The hub did not answer for this item; its fate is unknown.")
}

fn report<'a>(
    topic: &'a str,
    result: &'a Result<Published, Refusal>,
    told: bool,
) -> PublishResult<'a> {
    match result {
        Ok(Published { sequence, refused, refused_rows }) => PublishResult {
            topic,
            accepted: true,
            sequence: sequence.filter(|_| told).map(|sequence| sequence.0),
            reason: None,
            detail: None,
            dead_id: None,
            refused: *refused,
            refused_rows: refused_rows.iter().map(row).collect(),
        },
        Err(refusal) => PublishResult {
            topic,
            accepted: false,
            sequence: None,
            reason: Some(refusal.reason),
            detail: Some(Cow::Borrowed(&refusal.detail)),
            dead_id: refusal.dead_id.as_deref(),
            refused: 0,
            refused_rows: Vec::new(),
        },
    }
}

fn row(row: &RefusedRow) -> schemas::http::RefusedRow<'_> {
    schemas::http::RefusedRow {
        row: row.index as u64,
        topic: &row.topic,
        reason: row.refusal.reason,
        detail: &row.refusal.detail,
        dead_id: row.refusal.dead_id.as_deref(),
    }
}
