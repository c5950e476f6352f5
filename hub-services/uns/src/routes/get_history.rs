//! `GET history`: samples or aggregates of one topic, as JSON or CSV.

use axum::Json;
use axum::extract::{Query, RawQuery, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, LINK};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use hub_kit::http::Pairs;
use hub_kit::services::HistoryPage;
use hub_kit::{Caller, Refusal};
use schemas::http::{History, HistoryGap, HistorySample, Problem};
use schemas::{ReadsAs, WireQuality, WireTime, WireValue};
use uns_model::Timestamp;
use uns_model::query::{Aggregate, HistoryQuery};

use crate::csv_text;
use crate::params::{HISTORY, Params, Times as _};
use crate::service::Service;
use crate::time::Here;

const KNOWN: [&str; 9] =
    ["topic", "field", "start", "end", "aggregate", "bucket", "limit", "after", "format"];
const HOUR_NANOS: i64 = 3_600_000_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

/// Samples of one topic in time order, or one aggregate per bucket.
#[utoipa::path(get, path = "/api/v1/uns/history", tag = "uns", operation_id = "getHistory",
    params(
        ("topic" = String, Query, description = "The node. `uns/v1/` may be left out"),
        ("field" = Option<String>, Query, description = "A JSON field, as in `motor.temp`"),
        ("start" = Option<String>, Query, description = "RFC 3339, epoch or `-1h`; an hour before `end` by default"),
        ("end" = Option<String>, Query, description = "RFC 3339, epoch or `-1h`, not included; now by default"),
        ("aggregate" = Option<String>, Query, pattern = "^(avg|min|max|sum|count|first|last)$", description = "avg, min, max, sum, count, first or last; needs `bucket`"),
        ("bucket" = Option<String>, Query, description = "Width such as `1m`, `1h`, `1d`, aligned to 1970 UTC"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100_000, description = "1 to 100000, 1000 by default"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("format" = Option<String>, Query, pattern = "^(json|csv)$", description = "json or csv; overrides `Accept`"),
    ),
    responses(
        (status = 200, description = "One page; for CSV the next one is named by a `Link` header", content(
            (History<'_> = "application/json"), (String = "text/csv"),
        )),
        (status = 404, description = "`node_unknown`", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    let params = Params::new(pairs, &KNOWN)?;
    let format = format(&params, &headers)?;
    let mut query = read(&params, &service)?;
    service.hub.live.caught_up().await;
    // A topic that was deleted may still have history: the historian decides what is unknown.
    if let Some(topic) = service.topic(&query.topic, &caller) {
        query.topic = topic;
    }
    caller.check_read(&query.topic)?;
    service.hub.history.caught_up().await;
    let page = service.hub.history.history(query.clone()).await?;
    match format {
        Format::Json => Ok(json(&query, &page, service.missing(&query, &page, &caller).await)),
        Format::Csv => csv(&page, raw.as_deref().unwrap_or_default()),
    }
}

fn format(params: &Params, headers: &HeaderMap) -> Result<Format, Refusal> {
    match params.get("format") {
        Some("json") => Ok(Format::Json),
        Some("csv") => Ok(Format::Csv),
        Some(_) => Err(Refusal::parameter("format", "must be `json` or `csv`.")),
        None => {
            let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
            let first = accept.and_then(|accept| accept.split([',', ';']).next()).map(str::trim);
            Ok(if first == Some("text/csv") { Format::Csv } else { Format::Json })
        }
    }
}

fn read(params: &Params, service: &Service) -> Result<HistoryQuery, Refusal> {
    let now = service.hub.clock.now();
    let here = Here { now, zone: &service.hub.zone };
    let end = params.time("end", here)?.unwrap_or(now);
    let start = params.time("start", here)?.unwrap_or(Timestamp(end.0.saturating_sub(HOUR_NANOS)));
    if start >= end {
        let remedy = "must lie before `end`, which is not included and is now by default.";
        return Err(Refusal::parameter("start", remedy));
    }
    let aggregate = params.text("aggregate").map(|name| aggregate(&name)).transpose()?;
    let bucket = params.duration("bucket")?;
    match (aggregate, bucket) {
        (Some(_), None) => {
            return Err(Refusal::parameter(
                "bucket",
                "is required beside `aggregate`: `bucket=1m`.",
            ));
        }
        (None, Some(_)) => {
            let remedy = "is required beside `bucket`: avg, min, max, sum, count, first or last.";
            return Err(Refusal::parameter("aggregate", remedy));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    Ok(HistoryQuery {
        org: service.hub.org,
        topic: params.required("topic", "topic=uns/v1/acme/line3/temperature")?,
        field: params.text("field"),
        start,
        end,
        // Where the clock was ahead, the newest values are ahead of it now.
        until_newest: params.text("end").is_none(),
        aggregate,
        bucket,
        limit: params.limit(HISTORY)?,
        after: params.text("after"),
    })
}

fn aggregate(name: &str) -> Result<Aggregate, Refusal> {
    let found = Aggregate::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, aggregate)| *aggregate).ok_or_else(|| {
        Refusal::parameter("aggregate", "must be avg, min, max, sum, count, first or last.")
    })
}

fn json(query: &HistoryQuery, page: &HistoryPage, hint: Option<String>) -> Response {
    let unit = page.samples.first().and_then(|sample| sample.unit.as_deref());
    let is_one = page.samples.iter().all(|sample| sample.unit.as_deref() == unit);
    let samples = page.samples.iter().map(|sample| HistorySample {
        timestamp: WireTime(sample.timestamp),
        value: WireValue { value: &sample.value, quality: sample.quality },
        quality: WireQuality(sample.quality),
        reads_as: ReadsAs::of(&sample.value, sample.quality),
        unit: sample.unit.as_deref().filter(|_| !is_one),
    });
    let gaps = page.gaps.iter().map(|gap| HistoryGap {
        after: gap.after.to_string(),
        until: gap.until.to_string(),
        reason: gap.reason,
    });
    Json(History {
        topic: &query.topic,
        field: query.field.as_deref(),
        unit: unit.filter(|_| is_one),
        samples: samples.collect(),
        gaps: gaps.collect(),
        next: page.next.as_deref(),
        hint,
    })
    .into_response()
}

fn csv(page: &HistoryPage, raw: &str) -> Result<Response, Refusal> {
    let text = csv_text::write(&page.samples)
        .map_err(|error| Refusal::internal("write the CSV", &error))?;
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    if let Some(next) = &page.next
        && let Ok(link) = HeaderValue::from_str(&next_link(raw, next))
    {
        headers.insert(LINK, link);
    }
    if !page.gaps.is_empty() {
        headers.insert("x-uns-gaps", HeaderValue::from(page.gaps.len()));
    }
    Ok(response)
}

/// The same query, continued: a reference relative to the request's own path.
fn next_link(raw: &str, next: &str) -> String {
    let mut link = String::from("<?");
    for pair in raw.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("after=")) {
        // Characters that would end the reference inside the header are escaped by no client.
        link.extend(pair.chars().filter(|char| char.is_ascii_graphic() && !"<>\"".contains(*char)));
        link.push('&');
    }
    link.push_str("after=");
    for byte in next.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                link.push(char::from(byte));
            }
            other => link.push_str(&format!("%{other:02X}")),
        }
    }
    link.push_str(">; rel=\"next\"");
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_same_query_continued() {
        assert_eq!(
            next_link("topic=a%20b&after=1&limit=2", "x y/+"),
            "<?topic=a%20b&limit=2&after=x%20y%2F%2B>; rel=\"next\""
        );
    }
}
