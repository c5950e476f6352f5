//! Connected clients in the words of the interface.

use std::collections::HashMap;
use std::sync::Arc;

use broker_server::{ClientInfo, ClientState, DropCause, Handle, Keeping, Transport};
use hub_kit::Refusal;
use hub_kit::services::ClientQuery;
use schemas::WireTime;
use schemas::http::broker::{self, Client, ClientClock, Clients, Pace};
use uns_model::OrgId;
use uns_model::query::ClockViolation;
use uns_namespace::Namespace;

use super::refusals::refusal;

pub(super) async fn page(
    (handle, namespace): (&Handle, &Namespace),
    query: ClientQuery,
) -> Result<Clients, Refusal> {
    let after = query.after.as_deref().map(|after| place(after).ok_or_else(Refusal::not_a_page));
    let transport = |name: String| Transport::ALL.into_iter().find(|t| t.name() == name);
    let asked = broker_server::ClientQuery {
        org: query.org,
        client_id: query.client_id,
        user_name: query.user,
        address: query.address,
        listener: query.listener,
        transport: query.transport.and_then(transport),
        state: query.state.map(|state| match state {
            broker::ClientState::Connected => ClientState::Connected,
            broker::ClientState::Connecting => ClientState::Connecting,
        }),
        keeping: query.pace.map(|pace| match pace {
            Pace::Fine => Keeping::Fine,
            Pace::Behind => Keeping::Behind,
            Pace::Slow => Keeping::Slow,
        }),
        durable: None,
        order: query.order,
        after: after.transpose()?,
        limit: query.limit,
    };
    let (found, more) = handle.clients(asked).await.map_err(|error| refusal(&error))?;
    let last = found.last().filter(|_| more);
    let next = last.map(|last| format!("{}/{}", last.rank(query.order), last.client_id));
    let clocks = clocks(namespace, query.org);
    Ok(Clients { clients: found.into_iter().map(|info| body(info, &clocks)).collect(), next })
}

/// The clocks that cannot be right, by client id: what was wrong last.
pub(super) fn clocks(namespace: &Namespace, org: OrgId) -> HashMap<Arc<str>, ClientClock> {
    let mut found = namespace.clock_violations(org);
    found.sort_by_key(|violation| violation.last);
    let clock = |found: ClockViolation| {
        let (fault, messages, last) = (found.fault.name(), found.messages, WireTime(found.last));
        let offset_seconds = found.offset.map(seconds);
        (found.client_id, ClientClock { fault, offset_seconds, messages, last })
    };
    found.into_iter().map(clock).collect()
}

#[expect(clippy::cast_precision_loss, reason = "seconds for people, not for sums")]
fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

/// Where a page ended: the rank, then the client id.
fn place(text: &str) -> Option<(u64, Box<str>)> {
    let (rank, client_id) = text.split_once('/')?;
    Some((rank.parse().ok()?, client_id.into()))
}

pub(super) fn body(info: ClientInfo, clocks: &HashMap<Arc<str>, ClientClock>) -> Client {
    Client {
        clock: clocks.get(&*info.client_id).cloned(),
        client_id: info.client_id.into(),
        state: match info.state {
            ClientState::Connected => broker::ClientState::Connected,
            ClientState::Connecting => broker::ClientState::Connecting,
        },
        user_name: info.user_name.map(Into::into),
        identity: info.identity.map(|name| name.to_string()),
        protocol_version: info.version.level(),
        address: info.address.into(),
        listener: info.listener.into(),
        transport: info.transport.name().to_owned(),
        certificate_subject: info.subject.map(Into::into),
        connected_since: WireTime(info.since),
        keep_alive_seconds: info.keep_alive,
        clean_start: info.clean_start,
        session_expiry_seconds: info.session_expiry,
        subscriptions: info.subscriptions as u64,
        in_flight: info.in_flight.into(),
        unacknowledged: info.unacknowledged.into(),
        queued_messages: (info.queued + info.owed.0) as u64,
        queued_bytes: info.queued_bytes as u64 + info.owed.1,
        output_bytes: info.output_bytes as u64,
        messages_in: info.messages_in,
        messages_out: info.messages_out,
        bytes_in: info.bytes_in,
        bytes_out: info.bytes_out,
        rejected: info.rejected,
        forgiven: info.forgiven,
        dropped: DropCause::ALL.into_iter().map(DropCause::name).zip(info.dropped).collect(),
        pace: match info.keeping {
            Keeping::Fine => Pace::Fine,
            Keeping::Behind => Pace::Behind,
            Keeping::Slow => Pace::Slow,
        },
        paused: info.paused,
    }
}
