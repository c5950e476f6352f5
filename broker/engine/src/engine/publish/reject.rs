//! A refused publish is not silently gone (NS-33). It is counted, described on `$uns/dead/<reason>/<topic>` to
//! those who may read its topic, and kept.

use std::sync::Arc;

use broker_codec::{Version, check_topic};
use fabric::Rejection;
use uns_model::OrgId;

use super::origin::{Author, Publisher};
use crate::config::Durability;
use crate::dead_letter::{DEAD, DeadLetter, OnStored};
use crate::engine::Engine;
use crate::gate::{Gate, reason_code};
use crate::limits::Rate;
use crate::message::Message;
use crate::notices::SilentRefusal;
use crate::now::Now;
use crate::routing::TopicRef;

/// What one organisation may have described in a second; beyond it one of each client, reason and
/// second stands for the others.
const PER_SECOND: Rate = Rate { messages: 1000, bytes: 16 << 20 };

/// A publish that was refused, and why.
struct Refused<'a> {
    org: OrgId,
    reason: &'static str,
    message: &'a Message<'a>,
}

impl<G: Gate> Engine<G> {
    /// Counts a refused publish and describes it, unless it may be taken later or is about a dead
    /// letter itself.
    #[cold]
    pub(in crate::engine) fn reject(
        &mut self,
        now: Now,
        publisher: Publisher<'_>,
        message: &Message<'_>,
        rejection: &mut Rejection,
    ) {
        self.stats.rejected += 1;
        let reason = rejection.reason.name();
        self.tracer.refuse(reason);
        if rejection.is_temporary() {
            return;
        }
        self.report_silent(now, publisher, message, rejection);
        if message.topic.starts_with("$uns/") {
            return;
        }
        let Some(dead_letters) = self.broker.dead_letters.clone() else { return };
        let (org, client_id): (OrgId, Box<str>) = match publisher {
            Publisher::Absent { org, client_id } => (org, client_id.into()),
            Publisher::Connection(key) | Publisher::Ending(key) => match self.sessions.get(key) {
                Some(connection) => (connection.org, connection.client_id.clone()),
                None => return,
            },
        };
        if !self.may_describe(now, publisher, &Refused { org, reason, message }) {
            self.stats.dead_letters_folded += 1;
            return;
        }
        self.stats.dead_letters += 1;
        let topic = format!("{DEAD}{reason}/{}", message.topic);
        let on_stored = self.await_dead_letter(publisher, message.qos, rejection);
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
        let stored = dead_letters.store(&dead, on_stored);
        rejection.dead_id = Some(stored.id);
        self.announce(now, org, &topic, &stored.body);
    }

    /// The answer to a refused publish of MQTT 3.1.1 says that it is taken, so it waits until the
    /// letter is on disk, where it would wait for the publish.
    fn await_dead_letter(
        &mut self,
        publisher: Publisher<'_>,
        qos: u8,
        rejection: &mut Rejection,
    ) -> Option<OnStored> {
        let Publisher::Connection(key) = publisher else { return None };
        let connection = self.sessions.get(key)?;
        if qos == 0
            || connection.version == Version::V5
            || connection.durability != Durability::Commit
        {
            return None;
        }
        let letter = self.commits.dead_letters.next();
        let on_stored = self.gate.on_stored(letter)?;
        rejection.letter = Some(self.commits.dead_letters.begin().0);
        Some(on_stored)
    }

    /// Reports a refusal to the operators that its client hears nothing of.
    fn report_silent(
        &mut self,
        now: Now,
        publisher: Publisher<'_>,
        message: &Message<'_>,
        rejection: &Rejection,
    ) {
        let Publisher::Connection(key) = publisher else { return };
        let Some(connection) = self.sessions.get(key) else { return };
        let reason = rejection.reason.name();
        let told = connection.version == Version::V5 && message.qos > 0;
        let client_id = &connection.client_id;
        if told || !self.broker.notices.is_due(client_id, reason, now.monotonic) {
            return;
        }
        self.effects.silent_refusals.push(SilentRefusal {
            client_id: client_id.clone(),
            address: connection.peer.address.clone(),
            topic: message.topic.into(),
            reason,
        });
    }

    /// Publishes a dead letter to subscribers; the topic of the refused publish may be none that a message can have.
    fn announce(&mut self, now: Now, org: OrgId, topic: &str, body: &[u8]) {
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
            && let Ok(route) = self.route(TopicRef { org, topic }, Author::Fabric)
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
        publisher: Publisher<'_>,
        Refused { org, reason, message }: &Refused<'_>,
    ) -> bool {
        let org = Arc::clone(&self.broker).orgs.get(*org);
        let Err(wait) = org.describe(now.monotonic, PER_SECOND, message.bytes()) else {
            return true;
        };
        let (Publisher::Connection(key) | Publisher::Ending(key)) = publisher else { return false };
        let Some(connection) = self.sessions.get_mut(key) else { return false };
        if connection.version != Version::V5 && message.qos > 0 {
            self.sessions.throttle(key, now.monotonic + wait);
            return true;
        }
        connection.described.get_or_insert_default().is_first(now.monotonic.as_secs(), reason)
    }
}
