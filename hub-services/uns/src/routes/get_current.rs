//! `GET current`: last values, and the place in the log they are as of.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use hub_kit::http::Pairs;
use hub_kit::{Caller, Cursor, Refusal};
use schemas::Sample;
use schemas::http::{Current, Problem};
use uns_model::query::CurrentQuery;

use crate::hint;
use crate::params::{LIST, Params};
use crate::service::Service;

/// The last values of every topic a filter matches.
#[utoipa::path(get, path = "/api/v1/uns/current", tag = "uns", operation_id = "getCurrent",
    params(
        ("filter" = Option<String>, Query, description = "MQTT filter with `*` for `+` and `**` for `#`, and `\\*` for a level that is called so; everything by default", example = "uns/v1/acme/**"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "1 to 1000, 100 by default"),
    ),
    responses(
        (status = 200, description = "One page of values, empty if nothing matches", body = Current<'_>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    let params = Params::new(pairs, &["filter", "after", "limit"])?;
    let query = CurrentQuery {
        org: service.hub.org,
        filter: params.filter()?,
        after: params.text("after"),
        limit: params.limit(LIST)?,
    };
    let first = query.after.is_none();
    service.hub.live.caught_up().await;
    let page = service.current(query, &caller).await?;
    let values = page.values.iter().map(|value| {
        let (topic, field) = (&*value.topic, value.field.as_deref());
        let last = &value.last;
        let said = (&last.value, last.quality);
        Sample {
            unit: last.remarks.unit.as_deref(),
            superseded: last.remarks.superseded,
            fields_left_out: last.remarks.fields_left_out,
            encoding: last.remarks.windows_1252.then_some("windows-1252"),
            ..Sample::new((topic, field), said, last.timestamp, last.sequence.0)
        }
    });
    let next = page.next.as_deref();
    let values: Vec<_> = values.collect();
    let hint = (first && values.is_empty() && next.is_none())
        .then(|| hint::of_filter(params.get("filter").unwrap_or("**")));
    // Whoever may read nothing learns nothing of how much others write.
    let cursor = if caller.may_read_something() { page.cursor } else { Cursor::default() };
    let body = Current { cursor: cursor.to_string(), values, next, hint };
    Ok(Json(body).into_response())
}
