//! The end of a connection: DISCONNECT from either side, a lost socket, a will.

use broker_codec::{Disconnect, ReasonCode};

use super::Engine;
use super::step::Fatal;
use crate::gate::Gate;
use crate::key::Key;
use crate::now::Now;
use crate::outbound::Remains;
use crate::panic_scope::Panicked;
use crate::routing::tree::Holder;
use crate::sessions::phase::Phase;
use crate::stats::End;

impl<G: Gate> Engine<G> {
    /// DISCONNECT came from the client.
    pub(super) fn disconnect(
        &mut self,
        now: Now,
        key: Key,
        disconnect: &Disconnect<'_>,
    ) -> Result<(), Fatal> {
        let Some(connection) = self.sessions.get_mut(key) else { return Ok(()) };
        let max = self.broker.config.session_expiry_max;
        if connection.disconnect(disconnect, max).map_err(Fatal)? {
            self.withdraw_will(now, key);
        }
        self.count_end(key, End::Client);
        self.end(now, key);
        Ok(())
    }

    /// The socket is gone, or was closed after [`Engine::is_closing`]; the key means nothing any
    /// more. Returns whether the connection ever got past its CONNECT.
    pub fn closed(&mut self, now: Now, key: Key) -> bool {
        self.count_end(key, End::Lost);
        self.end(now, key);
        self.outbound.close(key);
        let connection = self.sessions.close(key);
        connection.is_some_and(|c| matches!(c.phase, Phase::Closing { connected: true }))
    }

    /// Ends a connection with a reason, said in a way its client understands.
    pub(super) fn fail(&mut self, now: Now, key: Key, reason: ReasonCode) {
        self.count_end(key, End::of(reason));
        self.say_end(key, reason, None);
        self.end(now, key);
    }

    /// Says why a connection ends: DISCONNECT, or CONNACK before it is connected.
    pub(super) fn say_end(&mut self, key: Key, reason: ReasonCode, why: Option<&str>) {
        let Some(connection) = self.sessions.get(key) else { return };
        if let Some(word) = connection.last_word(reason) {
            self.outbound.say_last(key, connection.version, word, why);
        }
    }

    /// A panic was caught while this connection's bytes were handled: it ends like one that is lost,
    /// after a word. `None` where the panic may have left something half changed that others share:
    /// then the process has to end.
    pub fn contain(&mut self, now: Now, key: Key) -> Option<Panicked> {
        self.panic_scope.take().then(|| self.panicked(now, key, true))
    }

    /// The same for a panic outside the engine, in what carries the connection's bytes: nothing can
    /// be said on it any more.
    pub fn carrier_panicked(&mut self, now: Now, key: Key) -> Panicked {
        self.panicked(now, key, false)
    }

    fn panicked(&mut self, now: Now, key: Key, speaks: bool) -> Panicked {
        self.count_end(key, End::Panic);
        let who = self.sessions.get(key).map(|connection| Panicked {
            client_id: connection.client_id.clone(),
            address: connection.peer.address.clone(),
            listener: connection.peer.listener.clone(),
        });
        if speaks {
            self.say_end(key, ReasonCode::UnspecifiedError, None);
        }
        self.end(now, key);
        if !speaks {
            self.outbound.discard_output(key);
        }
        who.unwrap_or_default()
    }

    /// Every client is told that the broker goes down.
    pub fn shut_down(&mut self, now: Now) {
        // The members that would get next what shares gave to a client disconnect as well. What is owed to
        // connections is for members whose sessions last, after the next start.
        self.broker.settled_live.close();
        self.outbound.drop_entrusted();
        for key in self.sessions.keys() {
            // A client that has sent nothing yet does not wait for an answer, so it gets none.
            if self.sessions.get(key).is_some_and(|c| matches!(c.phase, Phase::New)) {
                self.count_end(key, End::of(ReasonCode::ServerShuttingDown));
                self.end(now, key);
            } else {
                self.fail(now, key, ReasonCode::ServerShuttingDown);
            }
        }
    }

    /// Frees everything others can see, and publishes the will unless it was withdrawn. The output
    /// stays until it is written.
    pub(super) fn end(&mut self, now: Now, key: Key) {
        let me = self.address(key);
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let Some(end) = connection.begin_end(me) else { return };
        if let Some(wills) = end.withdrawn {
            self.note_withdrawn(now, wills);
        }
        let Remains { shared, relieved, held } = self.outbound.end(key);
        let Some(connection) = self.sessions.get(key) else { return };
        let filters = connection.filters.keys().map(|filter| &**filter);
        self.routing.unsubscribe(connection.org, filters, &[Holder::Connection(me)]);
        self.leave_session(now, key, held);
        self.pass_on_all(now, shared);
        self.forget_identity(key);
        if end.is_logged {
            // The next connection with this client id may be on another core and write to another batch.
            // What this connection did has to come first in the log.
            self.flush(now);
        }
        if end.had_client_id {
            self.sessions.release(&self.broker.clients, me);
            self.stats.clients -= 1;
        }
        self.resume_all_if(relieved);
    }
}
