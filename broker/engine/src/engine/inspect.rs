//! Answers to operators: a slice of the clients or topics of this core at a time, and the end of a
//! connection by their hand.

use std::sync::Arc;

use broker_codec::ReasonCode;
use uns_model::query::ClientOrder;

use super::Engine;
use crate::gate::Gate;
use crate::inspect::{ClientInfo, ClientScan, ClientState, Keeping, TopicScan};
use crate::key::{Address, Key};
use crate::now::Now;
use crate::outbound::client::Outbound;
use crate::outbound::pace::Pace;
use crate::sessions::connection::Connection;

/// Connections or routes looked at before others come.
const SLICE: u32 = 1000;

impl<G: Gate> Engine<G> {
    /// Looks at some more clients; returns whether that were all.
    pub fn scan_clients(&self, scan: &mut ClientScan) -> bool {
        let Some(from) = scan.at else { return true };
        let (some, next) = self.sessions.slice(from, SLICE);
        for (key, connection) in some {
            // The place of most shows that they are not of this page, before anything is copied.
            if connection.org == scan.query.org
                && let Some(outbound) = self.outbound.get(key)
                && scan
                    .has_place(rank(connection, outbound, scan.query.order), &connection.client_id)
                && let Some(client) = info(self.address(key), connection, outbound)
                && scan.query.wants(&client)
            {
                scan.offer(client);
            }
        }
        scan.at = next;
        next.is_none()
    }

    /// Looks at some more routes; returns whether that were all.
    pub fn scan_topics(&self, scan: &mut TopicScan) -> bool {
        let mut seen = 0;
        for topic in self.routing.topics(scan.org).skip(scan.at).take(SLICE as usize) {
            seen += 1;
            scan.offer(topic);
        }
        scan.at += seen;
        seen < SLICE as usize
    }

    /// One client.
    pub fn client(&self, key: Key) -> Option<ClientInfo> {
        info(self.address(key), self.sessions.get(key)?, self.outbound.get(key)?)
    }

    /// Ends the connection of a client by administrative action. `false` if there is none.
    pub fn kick(&mut self, now: Now, key: Key) -> bool {
        let known = self.client(key).is_some();
        if known {
            self.fail(now, key, ReasonCode::AdministrativeAction);
        }
        known
    }
}

/// As [`ClientInfo::rank`], without making one.
fn rank<N>(connection: &Connection<N>, outbound: &Outbound, order: ClientOrder) -> u64 {
    match order {
        ClientOrder::ClientId => 0,
        ClientOrder::Dropped => outbound.dropped.iter().sum(),
        ClientOrder::Queued => (outbound.queued_bytes() + outbound.output().len()) as u64,
        ClientOrder::MessagesIn => connection.inbound.messages,
        ClientOrder::MessagesOut => outbound.messages,
    }
}

/// What is to be said of a connection, once it is that of a client and until it ends.
fn info<N>(who: Address, connection: &Connection<N>, outbound: &Outbound) -> Option<ClientInfo> {
    let about = connection.about.as_ref()?;
    if connection.is_closing() || connection.client_id.is_empty() {
        return None;
    }
    let peer = &connection.peer;
    let connected = connection.is_up();
    Some(ClientInfo {
        who,
        client_id: connection.client_id.clone(),
        state: if connected { ClientState::Connected } else { ClientState::Connecting },
        identity: connection.log_in.identity.as_ref().map(|identity| Arc::clone(&identity.name)),
        user_name: about.user_name.clone(),
        version: connection.version,
        address: peer.address.clone(),
        listener: peer.listener.clone(),
        transport: peer.transport,
        subject: peer.certificate.as_ref().map(|certificate| certificate.subject.clone()),
        since: about.since,
        keep_alive: about.keep_alive,
        clean_start: about.clean_start,
        session_expiry: connection.session.expiry,
        session: connection.durable_session(),
        subscriptions: connection.filters.len(),
        in_flight: outbound.window.in_use(),
        unacknowledged: connection.inflight.unanswered,
        queued: outbound.queued(),
        queued_bytes: outbound.queued_bytes(),
        owed: (0, 0),
        output_bytes: outbound.output().len(),
        messages_in: connection.inbound.messages,
        messages_out: outbound.messages,
        bytes_in: connection.inbound.bytes,
        bytes_out: outbound.bytes,
        rejected: connection.inbound.rejected,
        forgiven: connection.forgiven,
        dropped: outbound.dropped,
        keeping: match outbound.pace {
            Pace::Fine => Keeping::Fine,
            Pace::Behind { .. } => Keeping::Behind,
            Pace::Slow => Keeping::Slow,
        },
        paused: connection.paused,
    })
}
