//! SUBACK and UNSUBACK, once what they grant is as durable as the session.

use broker_codec::{AckProperties, ReasonCode, ReasonCodes, Suback, Unsuback};
use fabric::Rejection;

use super::Engine;
use crate::commits::waiter::{Awaited, Granted};
use crate::gate::{Gate, reason_code};
use crate::key::Key;
use crate::now::Now;

impl<G: Gate> Engine<G> {
    /// Answers at once, or after the commit that makes it true for a durable session.
    pub(super) fn grant_in_turn(&mut self, now: Now, key: Key, granted: Granted) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        if connection.durable_session().is_none() {
            return self.grant(now, key, granted, None);
        }
        connection.inflight.unanswered += 1;
        self.commits.wait(Awaited::Granted(key, Box::new(granted)), None);
    }

    /// Answers SUBSCRIBE or UNSUBSCRIBE, and begins the walks over retained messages.
    pub(super) fn grant(
        &mut self,
        now: Now,
        key: Key,
        mut granted: Granted,
        refused: Option<&Rejection>,
    ) {
        if !self.is_up(key) {
            return;
        }
        if let Some(refused) = refused {
            self.undo_subscriptions(key, &granted.undo);
            granted.codes.iter_mut().filter(|code| !code.is_error()).for_each(|code| {
                *code = reason_code(refused);
            });
        }
        let Granted { packet_id, codes, walks, .. } = granted;
        let Some(version) = self.outbound.get(key).map(|client| client.version) else { return };
        let (properties, codes) = (AckProperties::default(), ReasonCodes::new(&codes));
        let said = self.outbound.say(key, |out| match &walks {
            Some(_) => Suback { packet_id, properties, codes }.encode(version, out),
            None => Unsuback { packet_id, properties, codes }.encode(version, out),
        });
        if said.is_err() {
            return self.fail(now, key, ReasonCode::PacketTooLarge);
        }
        if refused.is_none()
            && let Some(client) = self.outbound.get_mut(key)
        {
            client.owe_retained(walks.into_iter().flatten());
        }
        self.pump_retained(now, key);
    }
}
