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
use crate::gate::Gate;
use crate::key::Key;
use crate::login::Identity;
use crate::now::Now;
use crate::sessions::phase::Accepted;
use crate::sessions::will::message;

/// Who left a will.
#[derive(Clone, Copy)]
struct Testator<'a> {
    org: OrgId,
    publisher: PublisherId,
    client_id: &'a str,
    /// What it may do now; nothing if it may not do anything any more.
    access: Option<&'a Arc<dyn Access>>,
}

impl<G: Gate> Engine<G> {
    /// Drops a will that its client may not publish, when the client connects, so that no subscriber waits
    /// for it. CONNACK has no code for that, and a client can do without its will.
    pub(super) fn take_will(&mut self, now: Now, accepted: &mut Accepted) {
        let Accepted { identity, introduction, .. } = accepted;
        let Some(will) = &introduction.will else { return };
        let client_id = &introduction.client_id;
        let (org, access) = (identity.org, Some(&identity.access));
        let testator = Testator { org, publisher: PublisherId::default(), client_id, access };
        if !self.permits_will(now, testator, will) {
            introduction.will = None;
        }
    }

    /// The client of a connection is lost: its will is published now, or left to the ledger's clock
    /// where its session waits.
    pub(super) fn leave_will(&mut self, now: Now, key: Key, waits: bool) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let Some(will) = connection.will.take() else { return };
        if waits && will.delay > 0 {
            return;
        }
        let (org, publisher) = (connection.org, connection.publisher);
        let (session, client_id) = (connection.session.number, connection.client_id.clone());
        let identity = connection.log_in.identity.clone();
        let access = identity.as_ref().and_then(|identity| self.rights_now(identity, &client_id));
        let access = access.as_ref();
        self.publish_will(now, Testator { org, publisher, client_id: &client_id, access }, &will);
        if let Some(session) = session {
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

    /// The delay of a will is over, and its client did not come back.
    pub fn will_due(&mut self, now: Now, due: &DueWill) {
        let DueWill { org, publisher, ref client_id, ref owner, .. } = *due;
        let absent = Absent::new(org, client_id, owner.as_deref());
        let access = access_guard::answer(|| self.broker.authenticate.rights_of(&absent)).flatten();
        let access = access.as_ref().filter(|access| !access_guard::is_revoked(&***access));
        self.publish_will(now, Testator { org, publisher, client_id, access }, &due.will);
        // Refused or not: it never comes again.
        let gone = SessionChange::WillGone { will: due.sequence };
        self.gate.session(now.wall, due.session, &gone);
    }

    fn publish_will(&mut self, now: Now, testator: Testator<'_>, will: &Will) {
        if !self.permits_will(now, testator, will) {
            return;
        }
        let Testator { org, publisher, client_id, access } = testator;
        let from = Publisher::Absent { org, client_id };
        let rights = RightsOf::Absent(access);
        let origin = Origin { org, publisher, from, rights };
        let message = message(will);
        match self.accept(now, origin, &message) {
            Ok(_) => self.stats.messages_in += 1,
            // Nobody is left to hear of it.
            Err(mut rejection) => self.reject(now, from, &message, &mut rejection),
        }
    }

    /// Whether a will may be published. One that may not is counted and described like a publish.
    fn permits_will(&mut self, now: Now, testator: Testator<'_>, will: &Will) -> bool {
        let Testator { org, client_id, access, .. } = testator;
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
