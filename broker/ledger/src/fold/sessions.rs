//! All sessions, by number and by client id. A snapshot copies them in pieces while the fold goes on:
//! a session that changes before its turn is copied as it was.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use ahash::{AHashMap, AHashSet};
use uns_model::{OrgId, SessionNo};

use crate::session::Session;

/// The sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_number: AHashMap<SessionNo, Session>,
    by_name: BTreeMap<OrgId, BTreeMap<Arc<str>, SessionNo>>,
    copying: Option<Copying>,
}

/// How far a snapshot is. It copies in the order of organisations and client ids.
#[derive(Debug)]
struct Copying {
    /// Sessions with a larger number are newer than the snapshot.
    newest: SessionNo,
    /// Everything up to this session was copied.
    after: Option<(OrgId, Arc<str>)>,
    /// Sessions that have changed before their turn, and new ones with an old number.
    changed: AHashSet<SessionNo>,
    /// Those of them that are part of the snapshot, as they were when it began.
    saved: Vec<Session>,
}

impl Copying {
    fn is_pending(&self, session: &Session) -> bool {
        let after = self.after.as_ref();
        session.number <= self.newest
            && after.is_none_or(|(org, name)| (session.org, &session.client_id) > (*org, name))
    }

    fn before_change(&mut self, session: &Session) {
        if self.is_pending(session) && self.changed.insert(session.number) {
            self.saved.push(session.detached());
        }
    }
}

impl Sessions {
    pub(crate) fn len(&self) -> usize {
        self.by_number.len()
    }

    pub(crate) fn contains(&self, number: SessionNo) -> bool {
        self.by_number.contains_key(&number)
    }

    pub(crate) fn get(&self, number: SessionNo) -> Option<&Session> {
        self.by_number.get(&number)
    }

    /// A session, to change what the log says of it.
    pub(crate) fn change(&mut self, number: SessionNo) -> Option<&mut Session> {
        let session = self.by_number.get_mut(&number)?;
        if let Some(copying) = &mut self.copying {
            copying.before_change(session);
        }
        Some(session)
    }

    /// A session, to change only what is not of the log.
    pub(crate) fn change_unlogged(&mut self, number: SessionNo) -> Option<&mut Session> {
        self.by_number.get_mut(&number)
    }

    /// Every session, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Session> {
        self.by_number.values()
    }

    /// Every session, to change only what is not of the log.
    pub(crate) fn values_unlogged(&mut self) -> impl Iterator<Item = &mut Session> {
        self.by_number.values_mut()
    }

    /// The number of a client's session.
    pub(crate) fn find(&self, org: OrgId, client_id: &str) -> Option<SessionNo> {
        self.by_name.get(&org)?.get(client_id).copied()
    }

    /// The sessions of an organisation after a client id, in the order of client ids.
    pub(crate) fn after(&self, org: OrgId, client_id: &str) -> impl Iterator<Item = &Session> {
        let range = (Bound::Excluded(client_id), Bound::Unbounded);
        let names = self.by_name.get(&org).into_iter();
        let numbers = names.flat_map(move |names| names.range::<str, _>(range));
        numbers.filter_map(|(_, number)| self.by_number.get(number))
    }

    /// Sessions in the order of organisations and client ids, behind this one.
    pub(crate) fn behind(
        &self,
        after: Option<&(OrgId, Arc<str>)>,
    ) -> impl Iterator<Item = &Session> {
        let from = after.map_or(OrgId(0), |(org, _)| *org);
        let numbers = self.by_name.range(from..).flat_map(move |(at, names)| {
            let start = after.filter(|(org, _)| org == at);
            let start = start.map_or(Bound::Unbounded, |(_, name)| Bound::Excluded(&**name));
            names.range::<str, _>((start, Bound::Unbounded))
        });
        numbers.filter_map(|(_, number)| self.by_number.get(number))
    }

    /// Adds a session.
    pub(crate) fn insert(&mut self, session: Session) -> &mut Session {
        if let Some(copying) = &mut self.copying
            && session.number <= copying.newest
        {
            copying.changed.insert(session.number);
        }
        let names = self.by_name.entry(session.org).or_default();
        names.insert(Arc::clone(&session.client_id), session.number);
        self.by_number.entry(session.number).insert_entry(session).into_mut()
    }

    pub(crate) fn remove(&mut self, number: SessionNo) -> Option<Session> {
        let session = self.by_number.remove(&number)?;
        if let Some(copying) = &mut self.copying {
            copying.before_change(&session);
        }
        if let Some(names) = self.by_name.get_mut(&session.org) {
            names.remove(&session.client_id);
            if names.is_empty() {
                self.by_name.remove(&session.org);
            }
        }
        Some(session)
    }

    /// Begins a snapshot; sessions with a number above `newest` will not be part of it.
    pub(super) fn begin_copy(&mut self, newest: SessionNo) {
        let (changed, saved) = (AHashSet::new(), Vec::new());
        self.copying = Some(Copying { newest, after: None, changed, saved });
    }

    pub(super) fn cancel_copy(&mut self) {
        self.copying = None;
    }

    /// Copies sessions until that has cost `limit`, where a session costs 1 and each of its
    /// subscriptions and deliveries 1 more. Returns whether the snapshot has all of them.
    pub(super) fn copy_piece(&mut self, limit: usize, into: &mut Vec<Session>) -> bool {
        let Some(copying) = &mut self.copying else { return true };
        let mut cost = 0;
        let mut last = None;
        let (org, name) =
            copying.after.take().map_or((OrgId(0), None), |(org, name)| (org, Some(name)));
        'organisations: for (at, names) in self.by_name.range(org..) {
            let start = name.as_deref().filter(|_| *at == org);
            let start = start.map_or(Bound::Unbounded, Bound::Excluded);
            for (name, number) in names.range::<str, _>((start, Bound::Unbounded)) {
                cost += 1;
                last = Some((*at, Arc::clone(name)));
                let is_part = *number <= copying.newest && !copying.changed.contains(number);
                if is_part && let Some(session) = self.by_number.get(number) {
                    cost += session.owed.entries().len() + session.subscriptions.len();
                    into.push(session.detached());
                }
                if cost >= limit {
                    break 'organisations;
                }
            }
        }
        into.append(&mut copying.saved);
        let is_done = cost < limit;
        copying.after = last;
        if is_done {
            self.copying = None;
        }
        is_done
    }
}
