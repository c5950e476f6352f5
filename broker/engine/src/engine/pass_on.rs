//! What a share gave to a member that is gone goes to the next one (TRAP-16).

use std::rc::Rc;
use std::sync::Arc;

use fabric::{Inbound, SessionChange};
use uns_model::{OrgId, PublisherId, SessionNo};

use super::Engine;
use super::publish::Author;
use crate::commits::waiter::Awaited;
use crate::gate::Gate;
use crate::message::Message;
use crate::now::Now;
use crate::outbound::shared_messages::SharedMessage;
use crate::owed_live::OwedLive;
use crate::routing::TopicRef;
use crate::routing::route::{Owed, Share};
use crate::routing::tree::ShareName;
use crate::sessions::left_behind::LeftBehind;
use crate::stats::Drop;

/// A message that goes into the log once more.
struct CopyOf<'a> {
    org: OrgId,
    publisher: PublisherId,
    message: &'a Message<'a>,
}

impl<G: Gate> Engine<G> {
    /// A client is gone, and its session too, or it would have been owed these.
    pub(super) fn pass_on_all(&mut self, now: Now, shared: Vec<SharedMessage>) {
        for one in shared {
            match one.message.message(now.monotonic, one.qos) {
                Some(message) => {
                    let message = Message { retain: one.retain, ..message };
                    self.pass_on(now, &message, &one.share, one.owed_live);
                    // All of them in one batch may be too large.
                    self.flush_if_large(now);
                }
                None => self.outbound.stats_mut().drop(Drop::Expired),
            }
        }
    }

    /// Gives a message to another member of the share, if there is one. What the log has as owed to the
    /// connection before is so until the next one acknowledges, or until it is owed to a session.
    #[cold]
    pub(super) fn pass_on(
        &mut self,
        now: Now,
        message: &Message<'_>,
        name: &ShareName,
        owed_live: Option<Arc<OwedLive>>,
    ) {
        let share = self.share_now(message.topic, name);
        let passed = share.is_some_and(|share| {
            // What the log does not have is safe with a session that lasts.
            if owed_live.is_some() || !share.choose_lasting(message.qos) {
                share.choose(message.qos);
            }
            match share.owed(message.qos).filter(|owed| owed.live().is_none()) {
                Some(owed) => {
                    let copy = CopyOf { org: name.org, publisher: PublisherId::default(), message };
                    let copied = self.owe_copy(now, copy, &owed);
                    match owed_live {
                        None => return copied,
                        Some(before) if copied => self.take_over(now, before),
                        Some(before) => before.keep(),
                    }
                    true
                }
                None => {
                    self.outbound.begin_message();
                    self.deliver_share(now, message, &share, owed_live.as_ref())
                }
            }
        });
        if !passed {
            self.outbound.stats_mut().drop(Drop::ClientGone);
        }
    }

    /// A session is owed a copy of what was owed to a connection, in the open batch. That one is settled
    /// in the same batch, or after it where it is not committed itself.
    fn take_over(&mut self, now: Now, before: Arc<OwedLive>) {
        match before.take_sequence() {
            Some(sequence) => {
                let settled = SessionChange::Settled { sequence };
                self.gate.session(now.wall, SessionNo::LIVE, &settled);
            }
            None => self.commits.wait(Awaited::TakenOver(before), None),
        }
    }

    /// A message is owed to the chosen member of a share, and the log has it once more.
    fn owe_copy(
        &mut self,
        now: Now,
        CopyOf { org, publisher, message }: CopyOf<'_>,
        owed: &Owed,
    ) -> bool {
        let inbound = Inbound { retain: false, ..message.inbound(publisher, now.wall) };
        let place = self.gate.keep(org, message.topic, &inbound).ok().flatten();
        place.inspect(|place| self.owe(now.wall, *place, owed)).is_some()
    }

    /// A session has ended and left something to the others of a share. What is owed to one of them
    /// is so in the same batch; to one without a lasting session it goes after the commit.
    pub fn pass_on_left(&mut self, now: Now, left: LeftBehind) {
        let LeftBehind { session, sequence, share: name, publisher, publish } = &left;
        let mut live = false;
        match publish.message(now.wall) {
            None => self.outbound.stats_mut().drop(Drop::Expired),
            Some(message) => {
                let share = self.share_now(&publish.topic, name);
                // A member whose session lasts comes first: what is owed to it is so in this batch.
                let owed = share.and_then(|share| {
                    share.choose_lasting(message.qos).then(|| share.owed(message.qos)).flatten()
                });
                live = match owed {
                    Some(owed) => {
                        let message = &message;
                        let copy = CopyOf { org: name.org, publisher: *publisher, message };
                        !self.owe_copy(now, copy, &owed)
                    }
                    None => true,
                };
            }
        }
        let settled = SessionChange::Settled { sequence: *sequence };
        self.gate.session(now.wall, *session, &settled);
        self.commits.wait(Awaited::PassedOn(Box::new(left), live), None);
        self.flush_if_large(now);
    }

    /// The log knows that it is nobody's any more, or does not.
    pub(super) fn passed_on(&mut self, now: Now, left: &LeftBehind, committed: bool, live: bool) {
        if !committed {
            self.effects.not_passed_on.push((left.session, left.sequence));
        } else if live {
            match left.publish.message(now.wall) {
                Some(message) => self.pass_on(now, &message, &left.share, None),
                None => self.outbound.stats_mut().drop(Drop::Expired),
            }
        }
    }

    /// Says to the log what is not owed to connections any more.
    pub(super) fn settle_live(&mut self, now: Now) {
        let settled = self.broker.settled_live.take();
        if settled.is_empty() {
            return;
        }
        for sequence in &settled {
            let settled = SessionChange::Settled { sequence: *sequence };
            self.gate.session(now.wall, SessionNo::LIVE, &settled);
        }
        self.commits.wait(Awaited::SettledLive(settled), None);
    }

    /// The share as it is now.
    fn share_now(&mut self, topic: &str, name: &ShareName) -> Option<Rc<Share>> {
        let of = TopicRef { org: name.org, topic };
        let route = self.route(of, Author::Fabric).ok()?;
        route.shares.iter().find(|share| **share.name() == *name).cloned()
    }
}
