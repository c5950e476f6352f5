//! Traces in the words of the interface.

use broker_server::{Handle, Shown, TraceInfo, TraceWish, TracedTopics};
use hub_kit::services::{TraceQuery, TraceSpec};
use hub_kit::{Refusal, Rights};
use schemas::WireTime;
use schemas::http::broker::{Direction, Trace, TraceEvent};
use uns_model::OrgId;

use super::refusals::{refusal, trace_unknown};

pub(super) async fn start(
    handle: &Handle,
    spec: TraceSpec,
    shown: Shown,
) -> Result<Trace, Refusal> {
    let wish = TraceWish {
        org: spec.org,
        client_id: spec.client_id,
        filter: spec.filter,
        duration: spec.duration,
        events_max: spec.limit,
        shown,
        payload: spec.payload,
    };
    let started = handle.start_trace(wish).await.map_err(|error| refusal(&error))?;
    Ok(body(&started))
}

pub(super) fn page(
    handle: &Handle,
    query: &TraceQuery,
    rights: &dyn Rights,
) -> Result<Trace, Refusal> {
    let number: Option<u64> = query.id.parse().ok();
    let all = handle.traces(query.org);
    let found = all.iter().find(|info| Some(info.number) == number);
    let found = found.ok_or_else(|| trace_unknown(&query.id))?;
    let from: usize = match &query.after {
        None => 0,
        Some(after) => after.parse().map_err(|_| Refusal::not_a_page())?,
    };
    // What may not be looked at is not counted either.
    let events = shown(found, rights);
    let kept = events.len();
    let events: Vec<_> = events.into_iter().skip(from).take(query.limit).collect();
    let end = from.saturating_add(events.len());
    let mut page = Trace { kept: kept as u64, ..body(found) };
    page.next = (kept > end).then(|| end.to_string());
    page.events = events.into_iter().map(event).collect();
    Ok(page)
}

pub(super) fn stop(handle: &Handle, org: OrgId, id: &str) -> Result<(), Refusal> {
    let stopped = id.parse().is_ok_and(|number| handle.stop_trace(org, number));
    if stopped { Ok(()) } else { Err(trace_unknown(id)) }
}

/// A trace as it is listed.
pub(super) fn list(info: &TraceInfo, rights: &dyn Rights) -> Trace {
    Trace { kept: shown(info, rights).len() as u64, ..body(info) }
}

/// The events about what somebody may look at. Those of SUBSCRIBE and UNSUBSCRIBE name filters.
fn shown(info: &TraceInfo, rights: &dyn Rights) -> Vec<broker_server::TraceEvent> {
    let mut events = info.trace.events(0, usize::MAX);
    events.retain(|event| event.topics.iter().all(|topic| rights.may_inspect(topic)));
    events
}

/// The longest text of topics.
const TOPICS_BYTES_MAX: usize = 1024;

/// Topics in one line, as many as make sense there.
fn line(topics: &TracedTopics) -> Option<String> {
    let mut text = String::new();
    for topic in topics.iter() {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(topic);
        if text.len() > TOPICS_BYTES_MAX {
            text.truncate(text.floor_char_boundary(TOPICS_BYTES_MAX));
            break;
        }
    }
    (!topics.is_empty()).then_some(text)
}

/// A trace without its events.
pub(super) fn body(info: &TraceInfo) -> Trace {
    let spec = info.trace.spec();
    let (kept, dropped) = info.trace.counts();
    Trace {
        id: info.number.to_string(),
        client_id: spec.client_id.as_deref().map(str::to_owned),
        topic_filter: spec.filter.as_ref().map(|filter| filter.as_str().to_owned()),
        running: info.running,
        started: WireTime(info.started),
        until: WireTime(info.until),
        kept: kept as u64,
        dropped,
        events: Vec::new(),
        next: None,
    }
}

fn event(seen: broker_server::TraceEvent) -> TraceEvent {
    let event = TraceEvent {
        time: WireTime(seen.time),
        direction: if seen.incoming { Direction::In } else { Direction::Out },
        client_id: seen.client_id.into(),
        packet: seen.packet.name().to_owned(),
        topic: line(&seen.topics),
        packet_id: seen.packet_id,
        qos: seen.flags.map(|(qos, _, _)| qos),
        retain: seen.flags.is_some_and(|(_, retain, _)| retain),
        dup: seen.flags.is_some_and(|(_, _, dup)| dup),
        reason: seen.reason.map(Into::into),
        points: seen.read.map(|read| read.points),
        findings: seen.read.into_iter().flat_map(|read| read.findings.names()).collect(),
        bytes: seen.bytes as u64,
        payload_base64: None,
    };
    match seen.payload {
        Some(payload) => event.with_payload(&payload),
        None => event,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_written_in_one_line_that_is_cut() {
        let check = |topics: &[&str], expected: Option<&str>| {
            let topics = TracedTopics::of(topics.iter().copied());
            assert_eq!(line(&topics).as_deref(), expected);
        };
        check(&[], None);
        check(&["a, b"], Some("a, b"));
        check(&["a/#", "b/+"], Some("a/#, b/+"));
        let long = "\u{fc}".repeat(600);
        check(&[&long, "b"], Some(&"\u{fc}".repeat(512)));
    }
}
