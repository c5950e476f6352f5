//! What was refused is not silently gone (NS-33): it is counted, described to whoever may read its
//! topic on `$uns/dead/<reason>/<topic>`, and kept.

use std::sync::Arc;

use broker_codec::{Version, check_topic};
use fabric::Rejection;
use uns_model::OrgId;

use super::author::Author;
use crate::config::Durability;
use crate::dead::{DEAD, DeadLetter, OnKept};
use crate::engine::{Engine, Now};
use crate::gate::{Gate, reason_code};
use crate::key::Key;
use crate::limits::Rate;
use crate::message::Message;
use crate::told::Untold;

/// What one organisation may have described in a second; beyond it one of each client, reason and
/// second stands for the others.
const PER_SECOND: Rate = Rate { messages: 1000, bytes: 16 << 20 };

/// Whose publish was refused.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum Culprit<'a> {
    /// A connection's, which gets an answer.
    Publisher(Key),
    /// A connection's that ends.
    Client(Key),
    /// Somebody's in this process, or a will.
    Gone(OrgId, &'a str),
}

impl<G: Gate> Engine<G> {
    /// Counts a refused publish and describes it, unless it may be taken later or is about a dead
    /// letter itself.
    #[cold]
    pub(in crate::engine) fn bury(
        &mut self,
        now: Now,
        culprit: Culprit<'_>,
        message: &Message<'_>,
        rejection: &mut Rejection,
    ) {
        self.desk.stats.rejected += 1;
        let reason = rejection.reason.name();
        self.tracer.refuse(reason);
        if rejection.is_temporary() {
            return;
        }
        self.report_untold(now, culprit, message, rejection);
        if message.topic.starts_with("$uns/") {
            return;
        }
        let Some(dead_letters) = self.broker.dead_letters.clone() else { return };
        let (org, client_id): (OrgId, Box<str>) = match culprit {
            Culprit::Gone(org, client_id) => (org, client_id.into()),
            Culprit::Publisher(key) | Culprit::Client(key) => match self.connections.get(key) {
                Some(connection) => (connection.org, connection.client_id.clone()),
                None => return,
            },
        };
        if !self.may_describe(now, (culprit, org), message, reason) {
            self.desk.stats.dead_letters_folded += 1;
            return;
        }
        self.desk.stats.dead_letters += 1;
        let topic = format!("{DEAD}{reason}/{}", message.topic);
        let on_kept = self.await_letter(culprit, message.qos, rejection);
        let dead = DeadLetter {
            org,
            dead_topic: &topic,
            topic: message.topic,
            client_id: &client_id,
            qos: message.qos,
            code: reason_code(rejection),
            reason,
            detail: &rejection.detail,
            payload: message.payload,
            received: now.wall,
        };
        let buried = dead_letters.bury(&dead, on_kept);
        rejection.dead_id = Some(buried.id);
        self.tell(now, org, &topic, &buried.body);
    }

    /// The answer to a refused publish of MQTT 3.1.1 says that it is taken, so it waits until the
    /// letter is on disk, where it would wait for the publish.
    fn await_letter(
        &mut self,
        culprit: Culprit<'_>,
        qos: u8,
        rejection: &mut Rejection,
    ) -> Option<OnKept> {
        let Culprit::Publisher(key) = culprit else { return None };
        let connection = self.connections.get(key)?;
        if qos == 0
            || connection.version == Version::V5
            || connection.durability != Durability::Commit
        {
            return None;
        }
        let letter = self.acks.letters.next();
        let on_kept = self.gate.on_kept(letter)?;
        rejection.letter = Some(self.acks.letters.begin().0);
        Some(on_kept)
    }

    /// Operators are told of a refusal that its client hears nothing of.
    fn report_untold(
        &mut self,
        now: Now,
        culprit: Culprit<'_>,
        message: &Message<'_>,
        rejection: &Rejection,
    ) {
        let Culprit::Publisher(key) = culprit else { return };
        let Some(connection) = self.connections.get(key) else { return };
        let reason = rejection.reason.name();
        let told = connection.version == Version::V5 && message.qos > 0;
        let client_id = &connection.client_id;
        if told || !self.broker.told.is_due(client_id, reason, now.monotonic) {
            return;
        }
        self.effects.untold.push(Untold {
            client_id: client_id.clone(),
            address: connection.peer.address.clone(),
            topic: message.topic.into(),
            reason,
        });
    }

    /// Tells subscribers; the topic of the refused publish may be none that a message can have.
    fn tell(&mut self, now: Now, org: OrgId, topic: &str, body: &[u8]) {
        let message = Message {
            topic,
            qos: 0,
            retain: false,
            expiry: None,
            properties: &[],
            payload: body,
            publisher: None,
        };
        if check_topic(topic).is_ok()
            && let Ok(route) = self.route(org, topic, Author::Fabric)
        {
            route.choose(message.qos);
            self.deliver(now, &message, &route);
        }
    }

    /// Whether this one is described, or stands behind another one of its second. A client of MQTT
    /// 3.1.1, which hears of no refusal, is slowed down instead.
    fn may_describe(
        &mut self,
        now: Now,
        (culprit, org): (Culprit<'_>, OrgId),
        message: &Message<'_>,
        reason: &'static str,
    ) -> bool {
        let org = Arc::clone(&self.broker).orgs.get(org);
        let Err(wait) = org.bury(now.monotonic, PER_SECOND, message.bytes()) else { return true };
        let (Culprit::Publisher(key) | Culprit::Client(key)) = culprit else { return false };
        let Some(connection) = self.connections.get_mut(key) else { return false };
        if connection.version != Version::V5 && message.qos > 0 {
            connection.paused = true;
            self.throttled.push((now.monotonic + wait, key));
            return true;
        }
        connection.described.get_or_insert_default().is_first(now.monotonic.as_secs(), reason)
    }
}
