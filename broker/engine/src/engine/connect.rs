//! CONNECT, second half: which connection holds the client id, and what CONNACK says.

use std::num::NonZeroU32;
use std::time::Duration;

use broker_codec::{Connack, ConnackProperties, ReasonCode, Version};

use super::Engine;
use super::session::Opening;
use super::throttle::may_connect;
use crate::access_guard;
use crate::broker::Broker;
use crate::gate::Gate;
use crate::key::{Address, Key};
use crate::login::{Identity, Reservation};
use crate::now::Now;
use crate::sessions::clients::{Claimant, NotYours};
use crate::sessions::phase::{AcceptedLogIn, ConnackDetails, Phase};
use crate::signal::Signal;
use crate::stats::Limit;

impl<G: Gate> Engine<G> {
    /// The log-in succeeded: the connection claims its client id.
    pub(super) fn begin(&mut self, now: Now, key: Key, accepted: AcceptedLogIn) {
        let me = self.address(key);
        let AcceptedLogIn { identity, mut request, authentication } = accepted;
        let Some(connection) = self.sessions.get(key) else { return };
        let (version, clean_start) = (connection.version, request.clean_start);
        if request.client_id.is_empty() && version != Version::V5 && !clean_start {
            // A session without a client id could never be resumed [MQTT-3.1.3-8].
            return self.fail(now, key, ReasonCode::ClientIdentifierNotValid);
        }
        let wish = request.session_expiry;
        let expiry = self.granted_expiry(version, clean_start, wish);
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let assigned = request.client_id.is_empty();
        connection.client_id = if assigned {
            self.broker.assign_client_id().into()
        } else {
            request.client_id.clone()
        };
        connection.session.wanted = wish.is_some_and(|seconds| seconds > 0);
        connection.session.expiry = expiry;
        connection.durability = connection.peer.durability;
        connection.publisher = self.gate.publisher(identity.org, &connection.client_id);
        let keep_alive = request.keep_alive;
        let granted = granted_keep_alive(version, keep_alive, self.broker.config.keep_alive_max);
        connection.silence_max =
            (granted > 0).then(|| Duration::from_millis(u64::from(granted) * 1500));
        let details = ConnackDetails {
            assigned_client_id: assigned,
            server_keep_alive: (granted != keep_alive).then_some(granted),
            session_expiry: (wish.unwrap_or(0) != expiry).then_some(expiry),
            clean_start,
            authentication,
        };
        // This comes before the connection has a will, since nobody is to hear that of a refused client. A
        // client that comes back to its session is let in: it takes what it is owed, which frees memory.
        if self.pressure.is_short()
            && !self.broker.clients.has_room(identity.org, &connection.client_id, 0)
        {
            self.stats.limited(Limit::Memory);
            return self.fail(now, key, ReasonCode::QuotaExceeded);
        }
        if !may_connect(&self.broker, identity.org, &connection.client_id) {
            self.stats.limited(Limit::Sessions);
            return self.fail(now, key, ReasonCode::QuotaExceeded);
        }
        let Ok(old) = claim(&self.broker, &connection.client_id, me, &identity) else {
            return self.fail(now, key, ReasonCode::ClientIdentifierNotValid);
        };
        connection.will = request.will.take();
        if let Some(client) = self.outbound.get_mut(key) {
            client.set_limits(&self.broker.config, &request.limits);
        }
        self.identify(key, identity);
        let Some(connection) = self.sessions.get_mut(key) else { return };
        connection.phase = Phase::Claiming(Box::new(details));
        self.stats.clients += 1;
        self.stats.connects += 1;
        let awaited = match old {
            Some(old) if old.core == self.core => self.end_previous_holder(now, old.key),
            old => old,
        };
        match awaited {
            Some(holder) => self.await_holder(key, holder),
            None => self.complete_connect(now, key),
        }
    }

    /// Ends a connection whose client id another one claims. If it was still waiting for its own
    /// predecessor on another core, that one is to be waited for.
    fn end_previous_holder(&mut self, now: Now, old: Key) -> Option<Address> {
        self.fail(now, old, ReasonCode::SessionTakenOver);
        self.sessions.awaited_holder(old)
    }

    /// Has the holder of the client id on another core go.
    fn await_holder(&mut self, key: Key, awaited: Address) {
        let new = self.address(key);
        self.sessions.await_holder(key, awaited);
        self.effects.signals.push((awaited.core, Signal::TakeOver { old: awaited.key, new }));
    }

    /// The last holder of a client id is gone. If the one that claimed it went as well, the client
    /// id is free.
    fn taken_over(&mut self, now: Now, new: Key) {
        let Some(claim) = self.sessions.take_claim(new) else { return };
        if self.sessions.get(new).is_some_and(|connection| !connection.is_closing()) {
            self.complete_connect(now, new);
            self.effects.resumed.push(new);
        } else {
            self.broker.clients.release(claim.org, &claim.client_id, self.address(new));
        }
    }

    /// Another core says something.
    pub fn signal(&mut self, now: Now, signal: Signal) {
        match signal {
            Signal::TakeOver { old, new } => match self.end_previous_holder(now, old) {
                Some(holder) => {
                    let signal = Signal::TakeOver { old: holder.key, new };
                    self.effects.signals.push((holder.core, signal));
                }
                None => {
                    if self.sessions.is_handed_over(old, new) {
                        let signal = Signal::TakenOver { new: new.key };
                        self.effects.signals.push((new.core, signal));
                    }
                }
            },
            Signal::TakenOver { new } => self.taken_over(now, new),
            Signal::Resume => self.sessions.allow_resume(),
            Signal::Folded => self.fold_moved(now),
            Signal::FlushAsked { by, round } => {
                self.commits.flush_rounds.note_question(by, round);
            }
            Signal::Flushed { round } => self.commits.flush_rounds.answered(round),
            Signal::DeadLetterStored(letter, stored) => {
                self.dead_letter_stored(now, letter, stored)
            }
        }
    }

    /// Opens the session and says CONNACK, once the client id is this connection's alone.
    fn complete_connect(&mut self, now: Now, key: Key) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let Phase::Claiming(details) = &mut connection.phase else { return };
        if !details.clean_start
            && let Some(left) = self.broker.clients.undecided(connection.org, &connection.client_id)
        {
            return self.await_holder(key, left);
        }
        let details = std::mem::take(&mut **details);
        let Ok(opening) = self.open_session(now, key, details.clean_start) else {
            return self.fail(now, key, ReasonCode::QuotaExceeded);
        };
        let Some(connection) = self.sessions.get_mut(key) else { return };
        if opening == Opening::NewOnceKnown {
            connection.phase = Phase::Confirming(Box::new(details));
            return;
        }
        self.say_connack(now, key, &details, opening == Opening::Resumed);
    }

    /// The log has decided about the end of the session that a client had before. Where it would not take
    /// that, the client cannot be told that there is none.
    pub(super) fn confirm(&mut self, now: Now, key: Key, is_known: bool) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let Phase::Confirming(details) = &mut connection.phase else { return };
        let details = std::mem::take(&mut **details);
        if is_known {
            self.say_connack(now, key, &details, false);
            self.effects.resumed.push(key);
        } else {
            connection.session.expiry = 0;
            self.fail(now, key, ReasonCode::QuotaExceeded);
        }
    }

    fn say_connack(&mut self, now: Now, key: Key, details: &ConnackDetails, session_present: bool) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let config = &self.broker.config;
        let assigned = connection.client_id.clone();
        let properties = match connection.version {
            Version::V31 | Version::V311 => ConnackProperties::default(),
            Version::V5 => ConnackProperties {
                session_expiry_interval: details.session_expiry,
                receive_maximum: std::num::NonZeroU16::new(config.receive_maximum),
                maximum_packet_size: u32::try_from(config.packet_bytes_max)
                    .ok()
                    .and_then(NonZeroU32::new),
                assigned_client_identifier: details.assigned_client_id.then_some(&*assigned),
                topic_alias_maximum: Some(config.topic_alias_maximum),
                server_keep_alive: details.server_keep_alive,
                authentication_method: connection.log_in.method.as_deref(),
                authentication_data: details.authentication.as_deref().filter(|d| !d.is_empty()),
                ..ConnackProperties::default()
            },
        };
        let connack = Connack { session_present, reason: ReasonCode::Success, properties };
        // Without aliases a client does without; what else is said it has to know.
        let without = ConnackProperties { topic_alias_maximum: None, ..properties };
        let without = Connack { properties: without, ..connack };
        let version = connection.version;
        let said = self
            .outbound
            .say(key, |out| connack.encode(version, out))
            .or_else(|_| self.outbound.say(key, |out| without.encode(version, out)));
        if said.is_err() {
            return self.fail(now, key, ReasonCode::PacketTooLarge);
        }
        connection.phase = Phase::Up;
        self.outbound.connected(key);
        self.pump_retained(now, key);
    }
}

/// Gives a connection its client id, unless that belongs to another account or is the name of one.
fn claim(
    broker: &Broker,
    client_id: &str,
    connection: Address,
    identity: &Identity,
) -> Result<Option<Address>, NotYours> {
    let reserved = access_guard::answer(|| broker.authenticate.reservation(client_id, identity));
    let reserved = match reserved.unwrap_or(Reservation::Anothers) {
        Reservation::Anothers => return Err(NotYours),
        Reservation::Own => true,
        Reservation::Nobodys => false,
    };
    let by = Claimant { connection, account: identity.account.as_ref(), reserved };
    broker.clients.claim(identity.org, client_id, by)
}

/// Only MQTT 5 can tell a client of another keep alive than its own (3.2.2.3.14); a client of 3.1.1
/// that asked for none would be ended for a silence it may keep (3.1.2.10).
fn granted_keep_alive(version: Version, wish: u16, max: u16) -> u16 {
    let lowers = version == Version::V5 && max > 0;
    if lowers && (wish == 0 || wish > max) { max } else { wish }
}
