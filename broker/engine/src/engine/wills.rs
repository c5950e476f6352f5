//! Wills (TRAP-06). A will comes with CONNECT and is left when its client is lost. Rights are checked when it
//! is due, which may be long after that, and after a restart.

use std::sync::Arc;

use fabric::{DueWill, SessionChange, Will};
use uns_model::{OrgId, PublisherId};

use super::Engine;
use super::publish::{Origin, Publisher, RightsOf};
use crate::absent::Absent;
use crate::access::{Access, Action};
use crate::access_guard;
use crate::commits::waiter::Awaited;
use crate::gate::Gate;
use crate::key::Key;
use crate::login::Identity;
use crate::now::Now;
use crate::sessions::clients::{ClientRef, WithdrawnWills};
use crate::sessions::phase::AcceptedLogIn;
use crate::sessions::will::message;

/// Who left a will.
#[derive(Clone, Copy)]
struct WillOrigin<'a> {
    org: OrgId,
    publisher: PublisherId,
    client_id: &'a str,
    /// What it may do now; nothing if it may not do anything any more.
    access: Option<&'a Arc<dyn Access>>,
}

/// A will that is published now.
#[derive(Clone, Copy)]
struct LeftWill<'a> {
    origin: WillOrigin<'a>,
    will: &'a Will,
    /// The ledger hands it in again if the log does not take it.
    comes_again: bool,
    /// That was so before, so that nothing more is said of it.
    came_before: bool,
}

impl<G: Gate> Engine<G> {
    /// Drops a will that its client may not publish, when the client connects, so that no subscriber waits
    /// for it. CONNACK has no code for that, and a client can do without its will.
    pub(super) fn take_will(&mut self, now: Now, accepted: &mut AcceptedLogIn) {
        let AcceptedLogIn { identity, request, .. } = accepted;
        let Some(will) = &request.will else { return };
        let client_id = &request.client_id;
        let (org, access) = (identity.org, Some(&identity.access));
        let origin = WillOrigin { org, publisher: PublisherId::default(), client_id, access };
        if !self.permits_will(now, origin, will) {
            request.will = None;
        }
    }

    /// The client of a connection takes its will back.
    pub(super) fn withdraw_will(&mut self, now: Now, key: Key) {
        let me = self.address(key);
        let Some(connection) = self.sessions.get_mut(key) else { return };
        if let Some(wills) = connection.withdraw_will(me) {
            self.note_withdrawn(now, wills);
        }
    }

    /// Wills that were withdrawn stand in the log if it took nothing then. It is told again before it
    /// hears more of their client, since one that stands by then counts as due.
    pub(super) fn repeat_withdrawn(&mut self, now: Now, client: ClientRef<'_>) {
        let sessions = self.broker.clients.take_withdrawn(client);
        if !sessions.is_empty() {
            let ClientRef { org, client_id } = client;
            let by = self.broker.clients.find(org, client_id);
            let client_id = client_id.into();
            self.note_withdrawn(now, WithdrawnWills { org, client_id, sessions, by });
        }
    }

    /// The log is told that these wills are withdrawn.
    pub(super) fn note_withdrawn(&mut self, now: Now, wills: WithdrawnWills) {
        for session in &wills.sessions {
            self.gate.session(now.wall, *session, &SessionChange::WillGone { will: None });
        }
        self.commits.wait(Awaited::WillsWithdrawn(Box::new(wills)), None);
    }

    /// The client of a connection is lost: its will is published now, or left to the ledger's clock
    /// where its session waits.
    pub(super) fn leave_will(&mut self, now: Now, key: Key, waits: bool) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let Some(will) = connection.take_due_will(waits) else { return };
        let (org, publisher) = (connection.org, connection.publisher);
        let (session, client_id) = (connection.session.number, connection.client_id.clone());
        let identity = connection.log_in.identity.clone();
        let access = identity.as_ref().and_then(|identity| self.rights_now(identity, &client_id));
        let access = access.as_ref();
        let origin = WillOrigin { org, publisher, client_id: &client_id, access };
        let left = LeftWill { origin, will: &will, comes_again: false, came_before: false };
        let is_settled = self.publish_will(now, left);
        // One that may be taken later is due at the ledger as long as nothing else is said of it.
        if let Some(session) = session.filter(|_| is_settled) {
            self.gate.session(now.wall, session, &SessionChange::WillGone { will: None });
        }
    }

    /// What somebody whose connection ends may do. Where that is over, as with a password that was
    /// changed or a token that has expired, it is what their account may do, if there is one.
    fn rights_now(&self, identity: &Identity, client_id: &str) -> Option<Arc<dyn Access>> {
        if !access_guard::is_revoked(&*identity.access) {
            return Some(Arc::clone(&identity.access));
        }
        let owner = identity.owner(true);
        let absent = Absent::new(identity.org, client_id, owner.as_deref());
        access_guard::answer(|| self.broker.authenticate.rights_of(&absent)).flatten()
    }

    /// The delay of a will is over, and its client did not come back. If the log does not take it, it is
    /// in [`Effects::wills_not_taken`](crate::Effects::wills_not_taken), to be handed in again.
    pub fn will_due(&mut self, now: Now, due: &DueWill) {
        let DueWill { org, publisher, ref client_id, ref owner, .. } = *due;
        if self.broker.clients.has_withdrawn(ClientRef { org, client_id }, due.session) {
            return self.end_due_will(now, due);
        }
        let absent = Absent::new(org, client_id, owner.as_deref());
        let access = access_guard::answer(|| self.broker.authenticate.rights_of(&absent)).flatten();
        let access = access.as_ref().filter(|access| !access_guard::is_revoked(&***access));
        let origin = WillOrigin { org, publisher, client_id, access };
        let came_before = due.not_taken > 0;
        let left = LeftWill { origin, will: &due.will, comes_again: true, came_before };
        if !self.publish_will(now, left) {
            return self.effects.wills_not_taken.push(due.clone());
        }
        self.end_due_will(now, due);
    }

    /// Published, withdrawn, or refused for what it is: it never comes again.
    fn end_due_will(&mut self, now: Now, due: &DueWill) {
        let gone = SessionChange::WillGone { will: due.sequence };
        self.gate.session(now.wall, due.session, &gone);
        self.commits.wait(Awaited::Will(Box::new(due.clone())), None);
        // Many are due at once when a network fails, and all of them in one batch may be too large.
        self.flush_if_large(now);
    }

    /// Publishes a will, or refuses it for good; `false` if it may be taken later.
    fn publish_will(&mut self, now: Now, left: LeftWill<'_>) -> bool {
        let LeftWill { origin, will, comes_again, came_before } = left;
        if !self.permits_will(now, origin, will) {
            return true;
        }
        let WillOrigin { org, publisher, client_id, access } = origin;
        let from = Publisher::Absent { org, client_id };
        let rights = RightsOf::Absent(access);
        let origin = Origin { org, publisher, from, rights, awaits_commit: comes_again };
        let message = message(will);
        match self.accept(now, origin, &message) {
            Ok(_) => {
                self.stats.messages_in += 1;
                true
            }
            // Nobody is left to hear of it.
            Err(mut rejection) => {
                let is_settled = !rejection.is_temporary();
                if is_settled || !came_before {
                    self.reject(now, from, &message, &mut rejection);
                }
                is_settled
            }
        }
    }

    /// Whether a will may be published. One that may not is counted and described like a publish.
    fn permits_will(&mut self, now: Now, origin: WillOrigin<'_>, will: &Will) -> bool {
        let WillOrigin { org, client_id, access, .. } = origin;
        if access
            .is_some_and(|access| access_guard::allows(&**access, Action::Publish, &will.topic))
        {
            return true;
        }
        let mut refused = self.deny_publish();
        if access.is_none() {
            refused.detail =
                "whoever left this will is no account any more, or may not connect".to_owned();
        }
        self.reject(now, Publisher::Absent { org, client_id }, &message(will), &mut refused);
        false
    }
}
