//! `GET violations`: publishers that violate a rule and are taken all the same.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use hub_kit::http::Pairs;
use hub_kit::{Caller, Refusal};
use schemas::WireTime;
use schemas::http::{Problem, Violations};
use uns_model::query::{ClockFault, ClockViolation};

use crate::params::{LIST, Params};
use crate::service::Service;

/// Publishers whose clocks cannot be right, the farthest off first. Needs the role admin.
#[utoipa::path(get, path = "/api/v1/uns/violations", tag = "uns", operation_id = "getViolations",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "1 to 1000, 100 by default"),
    ),
    responses(
        (status = 200, description = "The publishers, since the hub started", body = Violations<'_>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Overloaded, too slow, stopping or failed", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn handle(
    State(service): State<Service>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    // They name the clients of everybody.
    caller.check_admin()?;
    let params = Params::new(pairs, &["limit"])?;
    let limit = params.limit(LIST)?;
    service.hub.live.caught_up().await;
    let found = service.hub.live.clock_violations(service.hub.org);
    let violations = found.iter().take(limit).map(|one| body(one, &caller)).collect();
    Ok(Json(Violations { violations, total: found.len() as u64 }).into_response())
}

fn body<'a>(one: &'a ClockViolation, caller: &Caller) -> schemas::http::ClockViolation<'a> {
    // What is denied to everybody is not there for admins either.
    let topic = one.topic.as_deref().filter(|topic| caller.rights.may_inspect(topic));
    schemas::http::ClockViolation {
        kind: "clock",
        client_id: &one.client_id,
        fault: one.fault.name(),
        messages: one.messages,
        offset_seconds: one.offset.map(seconds),
        worst_seconds: one.worst.map(seconds),
        topic,
        first: WireTime(one.first),
        last: WireTime(one.last),
        remedy: remedy(one.fault),
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds for people, not for sums")]
fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

fn remedy(fault: ClockFault) -> &'static str {
    match fault {
        ClockFault::SetBack => {
            "Its clock was set back: what it published before counts as late until its clock has \
             passed that again, or has run on for 30 s. Let it keep its clock by NTP."
        }
        ClockFault::OutOfRange => {
            "Set its clock by NTP, or let it send RFC 3339 or an epoch in s, ms, us or ns \
             (docs/payloads.md); until then its values have the time of their arrival."
        }
        ClockFault::Unreadable => {
            "Its clock may be right: let it send RFC 3339 (2026-11-30T15:11:35+01:00) or an epoch in s, \
             ms, us or ns (docs/payloads.md). Dates such as 30.11.2026 or DT#2026-11-30 are not read; \
             until then its values have the time of their arrival."
        }
        ClockFault::Ahead => {
            "Set its clock by NTP, and check its time zone: a whole number of hours is an offset that \
             is missing. Until then its values have the time of their arrival."
        }
    }
}
