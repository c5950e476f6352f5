//! Publishes from inside the process.

use broker_codec::ReasonCode;
use bytes::Bytes;
use uns_model::OrgId;

use super::{Author, Culprit, Origin};
use crate::engine::{Engine, Now};
use crate::gate::{Gate, Rejection};
use crate::message::Message;

/// A publish from inside the process.
#[derive(Clone, Debug, Default)]
pub struct InProcess {
    /// Whose topics.
    pub org: OrgId,
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Bytes,
    /// 0 to 2. The outcome follows the commit, whatever it is.
    pub qos: u8,
    /// Whether it is retained.
    pub retain: bool,
    /// Message Expiry Interval.
    pub expiry: Option<u32>,
    /// MQTT 5 properties that pass unchanged, in wire form.
    pub properties: Bytes,
    /// Who publishes.
    pub client_id: String,
}

impl<G: Gate> Engine<G> {
    /// A publish from inside the process, whose rights are its caller's business; its outcome comes
    /// in [`crate::Effects::replies`] under the token. `false` if it has to be offered again later.
    pub fn publish_in_process(&mut self, now: Now, token: u64, publish: &InProcess) -> bool {
        self.feel();
        let message = Message {
            topic: &publish.topic,
            qos: publish.qos.min(2),
            retain: publish.retain,
            expiry: publish.expiry,
            properties: &publish.properties,
            payload: &publish.payload,
            publisher: None,
        };
        let route = match broker_codec::check_topic(&publish.topic) {
            Ok(()) => self.route(publish.org, &publish.topic, Author::Client),
            Err(error) => {
                Err(self.gate.resolve(publish.org, &publish.topic).err().unwrap_or_else(|| {
                    Rejection::new(ReasonCode::TopicNameInvalid, "topic_invalid", error)
                }))
            }
        };
        if let Ok(route) = &route
            && self.must_wait(route, None, (message.qos, message.retain))
        {
            return false;
        }
        if !self.charge_in_process(now, publish.org, message.bytes()) {
            return false;
        }
        let publisher = self.gate.publisher(&publish.client_id);
        let origin = Origin { org: publish.org, publisher };
        let mut accepted = route.and_then(|route| self.take_in(now, origin, &message, &route));
        match &mut accepted {
            Ok(_) => {
                self.desk.stats.messages_in += 1;
                self.desk.stats.payload_in += publish.payload.len() as u64;
            }
            Err(rejection) => {
                let culprit = Culprit::Gone(publish.org, &publish.client_id);
                self.bury(now, culprit, &message, rejection);
            }
        }
        if self.tracer.is_on() {
            self.trace_in_process(now, publish);
        }
        self.reply(token, accepted);
        self.flush_if_large(now);
        true
    }
}
