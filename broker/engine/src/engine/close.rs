//! The end of a connection: DISCONNECT from either side, a lost socket, a will.

use broker_codec::{Connack, Disconnect, DisconnectProperties, ReasonCode, Version};

use super::Engine;
use super::step::Fatal;
use crate::gate::Gate;
use crate::key::Key;
use crate::now::Now;
use crate::outbound::Remains;
use crate::panic_scope::Panicked;
use crate::routing::tree::Holder;
use crate::sessions::clients::Filters;
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
        if let Some(expiry) = disconnect.properties.session_expiry_interval {
            // An interval of 0 may not be raised on leaving [MQTT-3.14.2-2].
            if expiry > 0 && !connection.session.wanted {
                return Err(Fatal(ReasonCode::ProtocolError));
            }
            connection.session.expiry = expiry.min(self.broker.config.session_expiry_max);
        }
        if disconnect.reason == ReasonCode::NORMAL_DISCONNECTION {
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
        let version = connection.version;
        let reason = match connection.phase {
            Phase::Closing { .. } => return,
            // CONNACK has no code for it, and its client may try again.
            Phase::Claiming(_) | Phase::Confirming(_) if reason == ReasonCode::SessionTakenOver => {
                ReasonCode::ServerBusy
            }
            _ => reason,
        };
        let up = connection.is_up();
        if !up || version == Version::V5 {
            let mut say = |why| {
                self.outbound.say(key, |out| {
                    if up {
                        let properties =
                            DisconnectProperties { reason_string: why, ..Default::default() };
                        Disconnect { reason, properties }.encode(version, out)
                    } else {
                        Connack::refused(reason).encode(version, out)
                    }
                })
            };
            // Words give way to what the client takes.
            let said =
                say(why).or_else(|unsaid| if why.is_some() { say(None) } else { Err(unsaid) });
            // What its version has no code for, or its client no room, is not said at all.
            said.ok();
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
        let Some(connection) = self.sessions.get(key) else { return };
        if connection.is_closing() {
            return;
        }
        let known = !connection.phase.is_before_session();
        // A CONNECT that was not accepted leaves no will [MQTT-3.1.2-8].
        if matches!(connection.phase, Phase::Claiming(_) | Phase::Confirming(_)) {
            self.withdraw_will(now, key);
        }
        let Some(connection) = self.sessions.get_mut(key) else { return };
        connection.begin_closing();
        let Remains { shared, relieved, held } = self.outbound.end(key);
        let (org, logged) = (connection.org, connection.session.number.is_some());
        let filters = connection.filters.keys().map(|filter| &**filter);
        self.routing.unsubscribe(org, filters, &[Holder::Connection(me)]);
        self.leave_session(now, key, held);
        self.pass_on_all(now, shared);
        self.forget_identity(key);
        if logged {
            // The next connection with this client id may be on another core and write to another batch.
            // What this connection did has to come first in the log.
            self.flush(now);
        }
        // A claim frees the client id when the one it waits for is gone.
        let claims = self.sessions.awaited_holder(key).is_some();
        let Some(connection) = self.sessions.get_mut(key) else { return };
        connection.filters = Filters::default();
        if known {
            if !claims {
                self.broker.clients.release(org, &connection.client_id, me);
            }
            self.stats.clients -= 1;
        }
        self.resume_all_if(relieved);
    }
}
