//! What a share gave to a member that is gone goes to the next one (TRAP-16).

use std::rc::Rc;

use uns_model::PublisherId;

use super::{Engine, Now};
use crate::entrusted::Entrusted;
use crate::gate::{Gate, Inbound};
use crate::message::Message;
use crate::route::Share;
use crate::stats::Drop;
use crate::tree::ShareName;

impl<G: Gate> Engine<G> {
    /// A client is gone, and its session too, or it would have been owed these.
    pub(super) fn pass_on_all(&mut self, now: Now, entrusted: Vec<Entrusted>) {
        for one in entrusted {
            match one.message.message(now.monotonic, one.qos) {
                Some(message) => {
                    self.pass_on(now, &Message { retain: one.retain, ..message }, &one.share);
                }
                None => self.desk.stats.drop(Drop::Expired),
            }
        }
    }

    /// Gives a message to another member of the share, if there is one.
    #[cold]
    pub(super) fn pass_on(&mut self, now: Now, message: &Message<'_>, name: &ShareName) {
        let passed = self.share_now(message.topic, name).is_some_and(|share| {
            share.choose(message.qos);
            match share.owed(message.qos) {
                Some(owed) => {
                    let inbound = Inbound {
                        publisher: PublisherId::default(),
                        qos: message.qos,
                        retain: false,
                        expiry: message.expiry,
                        properties: message.properties,
                        payload: message.payload,
                        ingest: now.wall,
                    };
                    let kept = self.gate.keep(name.org, message.topic, &inbound);
                    kept.is_ok_and(|place| {
                        place.inspect(|place| self.owe(now, *place, &owed)).is_some()
                    })
                }
                None => {
                    self.desk.encoder.begin();
                    self.deliver_share(now, message, &share)
                }
            }
        });
        if !passed {
            self.desk.stats.drop(Drop::ClientGone);
        }
    }

    /// The share as it is now.
    fn share_now(&mut self, topic: &str, name: &ShareName) -> Option<Rc<Share>> {
        let route = self.broker_route(name.org, topic).ok()?;
        route.shares.iter().find(|share| **share.name() == *name).cloned()
    }
}
