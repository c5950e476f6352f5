//! One share on one core: whose turn it is. A share is one thing for all topics it matches, so that
//! its members get their turns also where no topic repeats.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use ahash::RandomState;
use uns_model::SessionNo;

use super::merge::targets;
use super::owed::{Owed, OwedOne};
use super::receivers::Remote;
use super::rights::ReceiveRights;
use crate::key::{Address, CoreNo};
use crate::owed_live::OwedLive;
use crate::routing::tree::{Group, Holder, ShareName, Subscriber};

/// One client of a share.
#[derive(Debug)]
struct Sharer {
    subscriber: Subscriber,
    /// Where it is connected, as receivers of its core.
    live: Option<Remote>,
    session: Option<SessionNo>,
    owed: OwedOne,
}

impl Sharer {
    /// Whether a message of this QoS can be owed to its session.
    fn may_be_owed(&self, qos: u8) -> bool {
        self.session.is_some() && self.subscriber.wish.qos.min(qos) > 0
    }

    /// How bad a choice it is.
    fn burden(&self) -> u8 {
        self.subscriber.link.as_ref().map_or(0, |link| link.burden())
    }
}

/// The first from `turn` on with the least burden; 0 is not surpassed.
fn in_turn(
    members: &[Sharer],
    turn: usize,
    burden: impl Fn(&Sharer) -> Option<u8>,
) -> Option<usize> {
    let start = turn.checked_rem(members.len())?;
    let mut best = None;
    for at in (start..members.len()).chain(0..start) {
        let Some(burden) = members.get(at).and_then(&burden) else { continue };
        if best.is_none_or(|(least, _)| burden < least) {
            best = Some((burden, at));
        }
        if burden == 0 {
            break;
        }
    }
    best.map(|(_, at)| at)
}

/// The members of a share, and whose turn it is.
#[derive(Debug)]
pub(crate) struct Share {
    /// Also keeps its address from being another group's.
    group: Arc<Group>,
    /// Those who are connected come first.
    members: Box<[Sharer]>,
    online: usize,
    /// Whether some have sessions that last, to which something can be owed.
    lasting: bool,
    next: Cell<usize>,
    chosen: Cell<Option<usize>>,
    /// The record of the message at hand that is owed to the chosen connection.
    owed_live: RefCell<Option<Arc<OwedLive>>>,
}

/// Which member was chosen for a message, and the record that is owed to its connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turn {
    chosen: Option<usize>,
    owed_live: Option<Arc<OwedLive>>,
}

impl Share {
    /// The share with those members that may receive what it is for; it is the turn of this one.
    fn new(
        group: &Arc<Group>,
        next: usize,
        may_receive: &mut dyn FnMut(&Subscriber) -> bool,
    ) -> Self {
        let mut online: Vec<(Address, Subscriber)> = Vec::new();
        let mut sessions: Vec<(SessionNo, Subscriber)> = Vec::new();
        group.for_each(&mut |who, subscriber| match who {
            _ if !may_receive(subscriber) => {}
            Holder::Connection(who) => online.push((who, subscriber.clone())),
            Holder::Session(who) => sessions.push((who, subscriber.clone())),
        });
        online.sort_unstable_by_key(|(who, _)| *who);
        sessions.sort_unstable_by_key(|(who, _)| *who);
        let connected: HashSet<_> = online.iter().filter_map(|(_, one)| one.session).collect();
        sessions.retain(|(who, _)| !connected.contains(who));
        let count = online.len();
        let online = online.into_iter().map(|one| {
            let target = targets(one.0.key, std::slice::from_ref(&one)).collect();
            let (who, subscriber) = one;
            Sharer {
                live: Some(Remote::new(who.core, target)),
                session: subscriber.session,
                subscriber,
                owed: OwedOne::default(),
            }
        });
        let offline = sessions.into_iter().map(|(who, subscriber)| Sharer {
            live: None,
            session: Some(who),
            subscriber,
            owed: OwedOne::default(),
        });
        let members: Box<[Sharer]> = online.chain(offline).collect();
        Self {
            lasting: members.iter().any(|one| one.may_be_owed(1)),
            members,
            online: count,
            next: Cell::new(next),
            chosen: Cell::new(None),
            owed_live: RefCell::default(),
            group: Arc::clone(group),
        }
    }

    /// Everything that it says, but for whose turn it is.
    #[cfg(test)]
    pub(super) fn said(&self) -> String {
        let member = |one: &Sharer| {
            let live = one.live.as_ref().map(|live| (live.core, Arc::clone(&live.targets)));
            format!("{live:?} {:?} {:?}", one.session, one.subscriber.wish)
        };
        let members: Vec<_> = self.members.iter().map(member).collect();
        format!("{:?} {members:?}", self.name())
    }

    /// Its name.
    pub(crate) fn name(&self) -> &Arc<ShareName> {
        self.group.name()
    }

    /// Takes the next member in turn: of those who are connected one that keeps up, if there is
    /// one; of the others one to whom the message can be owed.
    pub(crate) fn choose(&self, qos: u8) {
        let (online, offline) = self.members.split_at(self.online);
        let turn = self.next.get();
        let chosen = in_turn(online, turn, |one| Some(one.burden())).or_else(|| {
            let owed = |one: &Sharer| one.may_be_owed(qos).then_some(0);
            in_turn(offline, turn, owed).map(|at| self.online + at)
        });
        self.next.set(turn.wrapping_add(1));
        self.chosen.set(chosen);
    }

    /// Takes the next member whose session lasts and to whom the message can be owed; `false` if there is
    /// none.
    pub(crate) fn choose_lasting(&self, qos: u8) -> bool {
        let turn = self.next.get();
        let burden = |one: &Sharer| one.may_be_owed(qos).then(|| one.burden());
        let (online, offline) = self.members.split_at(self.online);
        let chosen = in_turn(online, turn, burden)
            .or_else(|| in_turn(offline, turn, burden).map(|at| self.online + at));
        self.next.set(turn.wrapping_add(usize::from(chosen.is_some())));
        self.chosen.set(chosen);
        chosen.is_some()
    }

    /// The message the member was chosen for goes to nobody: it is its turn again.
    pub(crate) fn return_turn(&self) {
        self.next.set(self.next.get().wrapping_sub(1));
    }

    /// Whose turn it is, to be given back with [`Share::set_turn`] for a message that is delivered
    /// later.
    pub(crate) fn turn(&self) -> Turn {
        Turn { chosen: self.chosen.get(), owed_live: self.take_owed_live() }
    }

    /// It is this member's turn.
    pub(crate) fn set_turn(&self, Turn { chosen, owed_live }: Turn) {
        self.chosen.set(chosen);
        *self.owed_live.borrow_mut() = owed_live;
    }

    /// A record of the message at hand is owed to the chosen connection.
    pub(crate) fn set_owed_live(&self, owed: Arc<OwedLive>) {
        *self.owed_live.borrow_mut() = Some(owed);
    }

    /// The record of the message at hand that is owed to the chosen connection.
    pub(crate) fn take_owed_live(&self) -> Option<Arc<OwedLive>> {
        self.owed_live.borrow_mut().take()
    }

    fn chosen(&self) -> Option<&Sharer> {
        self.members.get(self.chosen.get()?)
    }

    /// The audience of the chosen member: its session, to which the message comes from the log; or
    /// [`SessionNo::LIVE`] for a connection without one, from which others would take it over after a
    /// crash. What has begun with QoS 2 nobody takes over [MQTT-4.8.2-5].
    #[inline]
    pub(crate) fn owed(&self, qos: u8) -> Option<Rc<Owed>> {
        let chosen = self.chosen()?;
        let live = self.lasting && chosen.subscriber.wish.qos.min(qos) == 1;
        let session = chosen.session.or_else(|| live.then_some(SessionNo::LIVE))?;
        chosen.owed.get(qos, session, &chosen.subscriber, self.name())
    }

    /// The chosen member's connection, unless the message comes to it from the log.
    #[inline]
    pub(crate) fn live(&self, qos: u8) -> Option<&Remote> {
        self.chosen()?.live.as_ref().filter(|live| live.gets(qos))
    }

    /// Whether everybody who is connected is worth waiting for.
    pub(super) fn is_congested(&self) -> bool {
        let mut links = self.online().filter_map(|one| one.subscriber.link.as_ref()).peekable();
        links.peek().is_some() && links.all(|link| link.is_congested())
    }

    /// Where its members are connected; cores in order, each once.
    pub(super) fn cores(&self) -> impl Iterator<Item = CoreNo> {
        let mut last = None;
        let cores = self.online().filter_map(|one| one.live.as_ref()).map(|live| live.core);
        cores.filter(move |core| last.replace(*core) != Some(*core))
    }

    fn online(&self) -> impl Iterator<Item = &Sharer> {
        self.members.iter().take(self.online)
    }
}

/// The shares that routes of one core lead to.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    /// By the address of the name, which its share keeps alive and whose members come and go.
    pub(super) known: HashMap<*const ShareName, Weak<Share>, RandomState>,
    /// Beyond this many, those no route knows any more are let go.
    limit: usize,
}

impl Shares {
    /// The share of a group, as a topic has it. Where all members may receive the topic, that is
    /// the same one as of other topics; else it is the topic's own. Other members go on with the
    /// turns of those who were there `before`.
    pub(super) fn get(
        &mut self,
        group: &Arc<Group>,
        before: &[Rc<Share>],
        rights: &mut ReceiveRights<'_>,
    ) -> Rc<Share> {
        let key = Arc::as_ptr(group.name());
        let known = self.known.get(&key).and_then(Weak::upgrade);
        let own = before.iter().find(|share| Arc::ptr_eq(share.name(), group.name()));
        let next = own.or(known.as_ref()).map_or(0, |share| share.next.get());
        let mut all = true;
        group.for_each(&mut |_, subscriber| all &= rights.may_receive(subscriber));
        if !all {
            let may_receive = &mut |subscriber: &_| rights.may_receive(subscriber);
            return Rc::new(Share::new(group, next, may_receive));
        }
        if let Some(share) = known.filter(|share| Arc::ptr_eq(&share.group, group)) {
            return share;
        }
        if self.known.len() >= self.limit {
            self.known.retain(|_, share| share.strong_count() > 0);
            self.limit = (2 * self.known.len()).max(64);
        }
        let share = Rc::new(Share::new(group, next, &mut |_| true));
        self.known.insert(key, Rc::downgrade(&share));
        share
    }
}
