//! What a share gave to a member that is gone goes to the next one (TRAP-16).

use std::rc::Rc;

use fabric::{Inbound, SessionChange};
use uns_model::{OrgId, PublisherId, Sequence, SessionNo};

use super::acks::Who;
use super::{Engine, Now};
use crate::entrusted::Entrusted;
use crate::feed::FedPublish;
use crate::gate::Gate;
use crate::message::Message;
use crate::route::{Owed, Share};
use crate::stats::Drop;
use crate::tree::ShareName;

/// What a session that has ended was owed as the member of a share.
#[derive(Clone, Debug)]
pub struct LeftBehind {
    /// The session.
    pub session: SessionNo,
    /// What is settled in the log once it is somebody else's.
    pub sequence: Sequence,
    /// The share.
    pub share: ShareName,
    /// Who published.
    pub publisher: PublisherId,
    /// The message, with the QoS it was published with.
    pub publish: FedPublish,
}

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
        let share = self.share_now(message.topic, name);
        let passed = share.is_some_and(|share| {
            share.choose(message.qos);
            match share.owed(message.qos) {
                Some(owed) => {
                    self.owe_copy(now, message, (name.org, PublisherId::default(), &owed))
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

    /// A message is owed to the chosen member of a share, and the log has it once more.
    fn owe_copy(
        &mut self,
        now: Now,
        message: &Message<'_>,
        (org, publisher, owed): (OrgId, PublisherId, &Owed),
    ) -> bool {
        let inbound = Inbound {
            publisher,
            qos: message.qos,
            retain: false,
            expiry: message.expiry,
            properties: message.properties,
            payload: message.payload,
            ingest: now.wall,
        };
        let place = self.gate.keep(org, message.topic, &inbound).ok().flatten();
        place.inspect(|place| self.owe(now, *place, owed)).is_some()
    }

    /// A session has ended and left something to the others of a share. What is owed to one of them
    /// is so in the same batch; to one without a lasting session it goes after the commit.
    pub fn pass_on_left(&mut self, now: Now, left: LeftBehind) {
        let LeftBehind { session, sequence, share: name, publisher, publish } = &left;
        let mut live = false;
        match publish.message(now.wall) {
            None => self.desk.stats.drop(Drop::Expired),
            Some(message) => {
                let share = self.share_now(&publish.topic, name);
                let owed = share.and_then(|share| {
                    share.choose(message.qos);
                    share.owed(message.qos)
                });
                live = match owed {
                    Some(owed) => !self.owe_copy(now, &message, (name.org, *publisher, &owed)),
                    None => true,
                };
            }
        }
        let settled = SessionChange::Settled { sequence: *sequence };
        self.gate.session(now.wall, *session, &settled);
        self.acks.wait(Who::PassedOn(Box::new(left), live), None);
    }

    /// The log knows that it is nobody's any more, or does not.
    pub(super) fn passed_on(&mut self, now: Now, left: &LeftBehind, committed: bool, live: bool) {
        if !committed {
            self.effects.not_passed_on.push((left.session, left.sequence));
        } else if live {
            match left.publish.message(now.wall) {
                Some(message) => self.pass_on(now, &message, &left.share),
                None => self.desk.stats.drop(Drop::Expired),
            }
        }
    }

    /// The share as it is now.
    fn share_now(&mut self, topic: &str, name: &ShareName) -> Option<Rc<Share>> {
        let route = self.broker_route(name.org, topic).ok()?;
        route.shares.iter().find(|share| **share.name() == *name).cloned()
    }
}
