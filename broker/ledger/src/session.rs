//! One session, as the log has it.

use std::sync::Arc;

use fabric::{DueWill, Will};
use uns_model::{OrgId, PublisherId, Sequence, SessionNo};

use crate::Subscription;
use crate::feed::Feed;
use crate::owed::Owed;

/// A session, and how it is fed while it is connected.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) number: SessionNo,
    pub(crate) org: OrgId,
    pub(crate) client_id: Arc<str>,
    pub(crate) publisher: PublisherId,
    /// The log-in that owns it, if any.
    pub(crate) owner: Option<Arc<str>>,
    /// Session Expiry Interval in seconds.
    pub(crate) expiry: u32,
    /// Whether a connection has it.
    pub(crate) online: bool,
    /// By filter.
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) owed: Owed,
    /// QoS 2 packet ids received and not released, ascending.
    pub(crate) took: Vec<u16>,
    /// How many deliveries were dropped in its life.
    pub(crate) dropped: u64,
    /// Ordinals below this may have been sent before its last connection ended.
    pub(crate) sent_at_left: u64,
    /// Not logged: ordinals below this were sent in this run, or may have been sent before it.
    pub(crate) sent: u64,
    /// Not logged: it was online when the run before ended, and no connection has come since.
    pub(crate) abandoned: bool,
    /// Not logged: the connection it is fed to.
    pub(crate) feed: Option<Box<Feed>>,
}

/// A will that is neither withdrawn nor published, possibly of a session that has ended.
#[derive(Clone, Debug)]
pub(crate) struct PendingWill {
    pub(crate) org: OrgId,
    pub(crate) publisher: PublisherId,
    pub(crate) client_id: Arc<str>,
    /// The owner of its session when it was logged.
    pub(crate) owner: Option<Arc<str>>,
    pub(crate) will: Arc<Will>,
    /// Its record; unknown if it comes from a checkpoint of an earlier release.
    pub(crate) sequence: Option<Sequence>,
    /// Not logged: it was due, and so often no core or no log took it.
    pub(crate) not_taken: u8,
    /// Not logged: a core has taken it to publish it.
    pub(crate) taken: bool,
}

impl PendingWill {
    /// Whether it was due when the connection was gone. Its record has to be known, to say that it is
    /// published.
    pub(crate) fn is_due_at_once(&self) -> bool {
        self.will.delay == 0 && self.sequence.is_some()
    }

    /// The will in the form in which a core gets it.
    pub(crate) fn due(&self, session: SessionNo) -> DueWill {
        DueWill {
            session,
            org: self.org,
            publisher: self.publisher,
            client_id: Arc::clone(&self.client_id),
            owner: self.owner.clone(),
            will: Arc::clone(&self.will),
            sequence: self.sequence,
            not_taken: self.not_taken,
        }
    }
}

impl Session {
    /// A session that was just opened.
    pub(crate) fn new(number: SessionNo, org: OrgId, client_id: Arc<str>) -> Self {
        Self {
            number,
            org,
            client_id,
            publisher: PublisherId::default(),
            owner: None,
            expiry: 0,
            online: true,
            subscriptions: Vec::new(),
            owed: Owed::default(),
            took: Vec::new(),
            dropped: 0,
            sent_at_left: 0,
            sent: 0,
            abandoned: false,
            feed: None,
        }
    }

    /// A copy of the session for a checkpoint, without its connection.
    pub(crate) fn detached(&self) -> Self {
        Self {
            client_id: Arc::clone(&self.client_id),
            owner: self.owner.clone(),
            subscriptions: self.subscriptions.clone(),
            owed: self.owed.clone(),
            took: self.took.clone(),
            feed: None,
            ..*self
        }
    }

    /// Replaces or adds a subscription. Returns how many more there are now.
    pub(crate) fn subscribe(&mut self, subscription: Subscription) -> usize {
        match self.find(&subscription.filter) {
            Ok(place) => {
                self.subscriptions[place] = subscription;
                0
            }
            Err(place) => {
                self.subscriptions.insert(place, subscription);
                1
            }
        }
    }

    /// Removes a subscription. Returns how many fewer there are now.
    pub(crate) fn unsubscribe(&mut self, filter: &str) -> usize {
        self.find(filter).map_or(0, |place| {
            self.subscriptions.remove(place);
            1
        })
    }

    /// The retained messages of a subscription were delivered.
    pub(crate) fn walked(&mut self, filter: &str) {
        if let Ok(place) = self.find(filter) {
            self.subscriptions[place].walk = false;
        }
    }

    fn find(&self, filter: &str) -> Result<usize, usize> {
        self.subscriptions.binary_search_by(|one| (*one.filter).cmp(filter))
    }

    pub(crate) fn took(&mut self, packet_id: u16) {
        if let Err(place) = self.took.binary_search(&packet_id) {
            self.took.insert(place, packet_id);
        }
    }

    pub(crate) fn forgot(&mut self, packet_id: u16) {
        if let Ok(place) = self.took.binary_search(&packet_id) {
            self.took.remove(place);
        }
    }

    /// Ordinals below this may have been sent, as far as the log says.
    pub(crate) fn begun(&self) -> u64 {
        if self.online { self.owed.next_ordinal() } else { self.sent_at_left }
    }

    /// Its connection has ended. Everything it is owed up to now may have been sent.
    pub(crate) fn leave(&mut self) {
        self.online = false;
        self.sent_at_left = self.owed.next_ordinal();
    }

    /// Prepares for a new run of the process: what may have been sent is what the log says.
    pub(crate) fn forget_run(&mut self) {
        self.abandoned = self.online;
        self.sent = self.begun();
    }
}
