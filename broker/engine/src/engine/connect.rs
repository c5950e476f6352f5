//! CONNECT, second half: which connection holds the client id, and what CONNACK says.

use broker_codec::ReasonCode;

use super::Engine;
use super::session::Opening;
use super::throttle::may_connect;
use crate::access_guard;
use crate::broker::Broker;
use crate::gate::Gate;
use crate::key::{Address, Key};
use crate::login::{Identity, Reservation};
use crate::now::Now;
use crate::sessions::clients::{Claimant, ClientRef, NotYours};
use crate::sessions::connect_terms::ConnectLimits;
use crate::sessions::phase::{AcceptedLogIn, ConnackDetails, Phase};
use crate::sessions::takeover::{Claimed, EndedClaim, HandOver};
use crate::signal::Signal;

impl<G: Gate> Engine<G> {
    /// The log-in succeeded: the connection claims its client id.
    pub(super) fn begin(&mut self, now: Now, key: Key, accepted: AcceptedLogIn) {
        let me = self.address(key);
        let AcceptedLogIn { identity, mut request, authentication } = accepted;
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let limits = ConnectLimits::new(&self.broker.config, self.gate.has_log());
        let terms = match request.terms(connection.version, limits) {
            Ok(terms) => terms,
            Err(reason) => return self.fail(now, key, reason),
        };
        let client_id = if terms.connack.assigned_client_id {
            self.broker.assign_client_id().into()
        } else {
            std::mem::take(&mut request.client_id)
        };
        let publisher = self.gate.publisher(identity.org, &client_id);
        connection.grant(client_id, publisher, &terms);
        // This comes before the connection has a will, since nobody is to hear that of a refused client.
        let client = ClientRef { org: identity.org, client_id: &connection.client_id };
        if let Err(limit) = may_connect(&self.broker, self.pressure, client) {
            self.stats.limited(limit);
            return self.fail(now, key, ReasonCode::QuotaExceeded);
        }
        let Ok(old) = claim(&self.broker, client.client_id, me, &identity) else {
            return self.fail(now, key, ReasonCode::ClientIdentifierNotValid);
        };
        connection.will = request.will.take();
        if let Some(client) = self.outbound.get_mut(key) {
            client.set_limits(&self.broker.config, &request.limits);
        }
        self.identify(key, identity);
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let details = ConnackDetails { authentication, ..terms.connack };
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
        match self.sessions.end_claim(new) {
            EndedClaim::GoesOn => {
                self.complete_connect(now, new);
                self.effects.resumed.push(new);
            }
            EndedClaim::Free(claim) => {
                self.broker.clients.release(claim.org, &claim.client_id, self.address(new));
            }
            EndedClaim::Unknown => {}
        }
    }

    /// A connection of another core claims the client id of one that is here.
    fn end_for_take_over(&mut self, now: Now, old: Key, new: Address) {
        self.fail(now, old, ReasonCode::SessionTakenOver);
        let told = match self.sessions.hand_over(old, new) {
            HandOver::Now => (new.core, Signal::TakenOver { new: new.key }),
            HandOver::Behind(holder) => (holder.core, Signal::TakeOver { old: holder.key, new }),
            HandOver::Later => return,
        };
        self.effects.signals.push(told);
    }

    /// Another core says something.
    pub fn signal(&mut self, now: Now, signal: Signal) {
        match signal {
            Signal::TakeOver { old, new } => self.end_for_take_over(now, old, new),
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
        let details = match self.sessions.claimed(&self.broker.clients, key) {
            Claimed::Opens(details) => details,
            Claimed::Awaits(left) => return self.await_holder(key, left),
            Claimed::Unknown => return,
        };
        let Ok(opening) = self.open_session(now, key, details.clean_start) else {
            return self.fail(now, key, ReasonCode::QuotaExceeded);
        };
        let Some(connection) = self.sessions.get_mut(key) else { return };
        if opening == Opening::NewOnceKnown {
            connection.phase = Phase::Confirming(details);
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
        let connack = connection.connack(&self.broker.config, details, session_present);
        let said = self.outbound.say_connack(key, connection.version, connack);
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
    let reservation = access_guard::answer(|| broker.authenticate.reservation(client_id, identity));
    let reservation = reservation.unwrap_or(Reservation::Anothers);
    let by = Claimant::new(connection, identity, reservation)?;
    broker.clients.claim(identity.org, client_id, by)
}
