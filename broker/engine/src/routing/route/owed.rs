//! The durable sessions a topic is owed to, merged once per route and QoS.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use uns_model::SessionNo;

use super::merge;
use super::merge::{Audience, Merged};
use crate::gate::member::Member;
use crate::routing::tree::{ShareName, Subscriber};

/// Durable sessions that are owed the same messages.
#[derive(Debug)]
pub(crate) struct Owed {
    /// By session, each once.
    pub(crate) members: Box<[Member]>,
    /// In which batch they were defined as an audience last, and under which number. Batches are counted
    /// from 1.
    noted: Cell<(u64, u32)>,
}

impl Owed {
    fn new(members: Vec<Member>) -> Option<Rc<Self>> {
        let members = members.into_boxed_slice();
        (!members.is_empty()).then(|| Rc::new(Self { members, noted: Cell::new((0, 0)) }))
    }

    /// The number of this audience in a batch, and whether it was given already; else it is given now.
    pub(crate) fn number(&self, batch: u64, next: u32) -> (u32, bool) {
        let (noted, number) = self.noted.get();
        let known = noted == batch;
        if !known {
            self.noted.set((batch, next));
        }
        (if known { number } else { next }, known)
    }

    /// The share of which a connection is the chosen member, if it is owed to that.
    pub(crate) fn live(&self) -> Option<&Arc<ShareName>> {
        let [member] = &*self.members else { return None };
        member.share.as_ref().filter(|_| member.session == SessionNo::LIVE)
    }

    fn has(&self, session: SessionNo) -> bool {
        self.members.binary_search_by_key(&session, |member| member.session).is_ok()
    }

    /// Whether a session is owed the message by one of these already. Then it gets the message twice: as a
    /// member of a share and by a subscription of its own, or as a member of two shares (4.8.2).
    pub(crate) fn is_second(&self, before: &[Rc<Self>]) -> bool {
        let owed = |member: &Member| before.iter().any(|one| one.has(member.session));
        !before.is_empty() && self.members.iter().any(owed)
    }
}

/// The audience of one publisher's own messages, where No Local makes it another one.
type Own = (SessionNo, u8, Option<Rc<Owed>>);

/// The durable sessions of a topic that subscribed with QoS 1 or 2, by session. One that has
/// subscriptions with and without No Local is here twice.
#[derive(Debug, Default)]
pub(super) struct OwedSessions {
    all: Box<[(SessionNo, Merged)]>,
    /// What others publish, by QoS.
    others: [OnceCell<Option<Rc<Owed>>>; 2],
    /// What a member published last.
    own: RefCell<Option<Own>>,
}

impl OwedSessions {
    /// Of subscriptions in the order of their sessions; none if there are none.
    pub(super) fn new(found: &[(SessionNo, Subscriber)]) -> Option<Self> {
        let of_one = found.chunk_by(|(a, _), (b, _)| a == b).flat_map(|list| {
            let session = list.first().map(|(session, _)| *session);
            session.into_iter().flat_map(|session| merge(list).map(move |one| (session, one)))
        });
        let all: Box<[_]> = of_one.collect();
        (!all.is_empty()).then(|| Self { all, ..Self::default() })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.chunk_by(|(a, _), (b, _)| a == b).count()
    }

    #[inline]
    pub(super) fn owed(&self, qos: u8, own: Option<SessionNo>) -> Option<Rc<Owed>> {
        if qos == 0 {
            return None;
        }
        match own.filter(|own| self.is_special(*own)) {
            Some(own) => self.to_own(qos, own),
            None => {
                let kept = &self.others[usize::from(qos > 1)];
                kept.get_or_init(|| self.audience(qos, None)).clone()
            }
        }
    }

    /// Whether a session's own messages have another audience than those of others.
    fn is_special(&self, own: SessionNo) -> bool {
        let at = self.all.partition_point(|(session, _)| *session < own);
        self.all
            .get(at)
            .is_some_and(|(who, merged)| *who == own && merged.audience != Audience::Everyone)
    }

    #[cold]
    fn to_own(&self, qos: u8, own: SessionNo) -> Option<Rc<Owed>> {
        let mut kept = self.own.borrow_mut();
        match &*kept {
            Some((who, level, owed)) if (*who, *level) == (own, qos) => owed.clone(),
            _ => {
                let owed = self.audience(qos, Some(own));
                *kept = Some((own, qos, owed.clone()));
                owed
            }
        }
    }

    fn audience(&self, qos: u8, own: Option<SessionNo>) -> Option<Rc<Owed>> {
        let hears = |(session, merged): &&(SessionNo, Merged)| match merged.audience {
            Audience::Everyone => true,
            Audience::Others => own != Some(*session),
            Audience::Own => own == Some(*session),
        };
        let member = |(session, merged): &(SessionNo, Merged)| Member {
            session: *session,
            qos: merged.qos.min(qos),
            retain: merged.retain_as_published,
            ids: merged.ids.clone(),
            share: None,
        };
        Owed::new(self.all.iter().filter(hears).map(member).collect())
    }
}

/// An audience of one: the member of a share, by QoS.
#[derive(Debug, Default)]
pub(super) struct OwedOne([OnceCell<Option<Rc<Owed>>>; 2]);

impl OwedOne {
    pub(super) fn get(
        &self,
        qos: u8,
        session: SessionNo,
        subscriber: &Subscriber,
        share: &Arc<ShareName>,
    ) -> Option<Rc<Owed>> {
        let wish = &subscriber.wish;
        let qos = wish.qos.min(qos);
        if qos == 0 {
            return None;
        }
        let member = || Member {
            session,
            qos,
            retain: wish.retain_as_published,
            ids: wish.identifier.map(|id| [id].into()),
            share: Some(Arc::clone(share)),
        };
        self.0[usize::from(qos > 1)].get_or_init(|| Owed::new(vec![member()])).clone()
    }
}
