//! A plain model of the rules of sessions: lists that are searched from end to end.

use std::collections::{BTreeMap, BTreeSet};

use fabric::{Frame, Record, SessionChange};
use uns_model::{OrgId, Sequence, SessionNo};

use crate::fold::Fold;

#[derive(Debug, Default)]
pub(super) struct Model {
    sessions: BTreeMap<SessionNo, One>,
    /// Delay and record.
    wills: BTreeMap<SessionNo, (u32, Sequence)>,
    due_wills: BTreeSet<(SessionNo, Sequence)>,
    /// What ended sessions left to their shares.
    /// What is left, and the last it was owed.
    remains: BTreeMap<SessionNo, (Vec<u64>, u64)>,
    retained: BTreeMap<String, Sequence>,
    seen: u32,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct One {
    org: u32,
    client_id: String,
    expiry: u32,
    online: bool,
    subscriptions: BTreeMap<String, (u8, bool)>,
    took: Vec<u16>,
    /// Sequence, ordinal, QoS, released.
    owed: Vec<(u64, u64, u8, bool)>,
    /// Those of them that come from a share.
    shared: Vec<u64>,
    begun: u64,
    last: u64,
    ordinals: u64,
    dropped: u64,
}

type Owner = (Vec<(SessionNo, u8, bool)>, u32);

impl Model {
    pub(super) fn apply(&mut self, quota: usize, frame: &Frame) {
        let mut audiences: Vec<Owner> = Vec::new();
        let records: Vec<_> = frame.records().collect();
        for (sequence, record) in &records {
            match record {
                Record::Publish(publish) if publish.retain => {
                    self.retained.remove(&format!("t/{}", publish.topic));
                }
                Record::Message(message) if message.retain => {
                    self.retained.remove(message.topic);
                    if !message.payload.is_empty() {
                        self.retained.insert(message.topic.to_owned(), *sequence);
                    }
                }
                Record::Audience { number, members, .. } => {
                    let all = members
                        .iter()
                        .map(|one| (one.session, one.qos, one.share.is_some()))
                        .collect();
                    audiences.push((all, *number));
                }
                Record::Owed { audience, back, .. } => {
                    let wanted = sequence.0.wrapping_sub(u64::from(*back));
                    let found = records.iter().any(|(one, record)| {
                        let publish = matches!(record, Record::Publish(_) | Record::Message(_));
                        one.0 == wanted && publish
                    });
                    let members = audiences.iter().rev().find(|(_, number)| number == audience);
                    if let (true, Some((members, _))) = (found, members) {
                        self.owe(quota, wanted, members);
                    }
                }
                Record::Session { session, change, .. } => {
                    self.change((*sequence, *session), change)
                }
                _ => {}
            }
        }
    }

    fn owe(&mut self, quota: usize, sequence: u64, members: &[(SessionNo, u8, bool)]) {
        for (session, qos, shared) in members {
            self.seen = self.seen.max(session.0);
            let Some(one) = self.sessions.get_mut(session) else {
                if *shared {
                    self.owe_ended(quota, (*session, sequence));
                }
                continue;
            };
            if sequence <= one.last {
                continue;
            }
            one.last = sequence;
            if one.owed.len() < quota {
                one.owed.push((sequence, one.ordinals, *qos, false));
                one.shared.extend(shared.then_some(sequence));
            } else {
                one.dropped += 1;
            }
            one.ordinals += 1;
        }
    }

    fn owe_ended(&mut self, quota: usize, (session, sequence): (SessionNo, u64)) {
        let (left, last) = self.remains.entry(session).or_default();
        if sequence > *last {
            *last = sequence;
            left.extend((left.len() < quota).then_some(sequence));
        }
        self.remains.retain(|_, (left, _)| !left.is_empty());
    }

    fn settle_remains(&mut self, number: SessionNo, sequence: u64) {
        if let Some((left, _)) = self.remains.get_mut(&number) {
            left.retain(|one| *one != sequence);
        }
        self.remains.retain(|_, (left, _)| !left.is_empty());
    }

    fn change(&mut self, (at, number): (Sequence, SessionNo), change: &SessionChange<'_>) {
        self.seen = self.seen.max(number.0);
        if let SessionChange::Opened { org: OrgId(org), client_id, expiry, .. } = *change {
            let ends = |other: SessionNo, one: &One| {
                other == number || (one.org, &*one.client_id) == (org, client_id)
            };
            let all = self.sessions.iter().filter(|(other, one)| ends(**other, one));
            for other in all.map(|(other, _)| *other).collect::<Vec<_>>() {
                self.end(other);
            }
            let client_id = client_id.to_owned();
            let one = One { org, client_id, expiry, online: true, ..One::default() };
            self.sessions.insert(number, one);
            return;
        }
        if let SessionChange::WillGone { will } = change {
            self.wills.retain(|who, one| *who != number || will.is_some_and(|will| one.1 != will));
            self.due_wills.retain(|one| Some(*one) != will.map(|will| (number, will)));
        }
        if matches!(change, SessionChange::Ended) {
            return self.end(number);
        }
        let Some(one) = self.sessions.get_mut(&number) else {
            if let SessionChange::Settled { sequence } = change {
                self.settle_remains(number, sequence.0);
            }
            return;
        };
        match *change {
            SessionChange::Resumed { expiry } => {
                (one.expiry, one.online) = (expiry, true);
                self.wills.retain(|who, will| *who != number || will.0 == 0);
            }
            SessionChange::Left { expiry } => {
                (one.expiry, one.online, one.begun) = (expiry, false, one.ordinals);
            }
            SessionChange::Subscribed { filter, options, walk, .. } => {
                one.subscriptions.insert(filter.to_owned(), (options, walk));
            }
            SessionChange::Unsubscribed { filter } => drop(one.subscriptions.remove(filter)),
            SessionChange::Walked { filter } => {
                one.subscriptions.entry(filter.to_owned()).and_modify(|sub| sub.1 = false);
            }
            SessionChange::Will { delay, .. } => {
                let old = self.wills.insert(number, (delay, at)).filter(|old| old.0 == 0);
                self.due_wills.extend(old.map(|(_, sequence)| (number, sequence)));
            }
            SessionChange::Settled { sequence } => {
                if one.owed.iter().all(|entry| entry.0 != sequence.0) {
                    return self.settle_remains(number, sequence.0);
                }
                one.owed.retain(|entry| entry.0 != sequence.0);
                one.shared.retain(|one| *one != sequence.0);
            }
            SessionChange::Released { sequence } => {
                let entry = one.owed.iter_mut().find(|entry| entry.0 == sequence.0);
                entry.into_iter().for_each(|entry| entry.3 = true);
            }
            SessionChange::Took { packet_id } => {
                one.took.retain(|one| *one != packet_id);
                one.took.push(packet_id);
                one.took.sort_unstable();
            }
            SessionChange::Forgot { packet_id } => one.took.retain(|one| *one != packet_id),
            _ => {}
        }
    }

    fn end(&mut self, number: SessionNo) {
        let Some(one) = self.sessions.remove(&number) else { return };
        let begun = if one.online { one.ordinals } else { one.begun };
        let stays = |(sequence, ordinal, qos, released): &(u64, u64, u8, bool)| {
            one.shared.contains(sequence) && (*qos == 1 || (*ordinal >= begun && !released))
        };
        let left: Vec<u64> = one.owed.iter().filter(|one| stays(one)).map(|one| one.0).collect();
        if !left.is_empty() {
            self.remains.insert(number, (left, one.last));
        }
    }

    /// Checks that the fold has the same state.
    pub(super) fn check(&self, fold: &Fold) {
        let mut sessions = BTreeMap::new();
        for session in fold.sessions.values() {
            let live: Vec<_> = session.owed.entries().filter(|one| !one.is_settled()).collect();
            let shared = live.iter().filter(|entry| session.owed.share(entry).is_some());
            let subscriptions = session.subscriptions.iter();
            let one = One {
                org: session.org.0,
                client_id: session.client_id.to_string(),
                expiry: session.expiry,
                online: session.online,
                subscriptions: subscriptions
                    .map(|sub| (sub.filter.to_string(), (sub.options, sub.walk)))
                    .collect(),
                took: session.took.clone(),
                owed: live
                    .iter()
                    .map(|one| (one.sequence().0, one.ordinal, one.qos(), one.is_released()))
                    .collect(),
                shared: shared.map(|one| one.sequence().0).collect(),
                begun: session.sent_at_left,
                last: session.owed.last().0,
                ordinals: session.owed.next_ordinal(),
                dropped: session.dropped,
            };
            let found = fold.sessions.find(session.org, &session.client_id);
            assert_eq!(found, Some(session.number));
            sessions.insert(session.number, one);
        }
        assert_eq!(sessions, self.sessions);
        let wills: BTreeMap<_, _> = fold
            .wills
            .iter()
            .map(|(number, one)| (number, (one.will.delay, one.sequence.unwrap_or_default())))
            .collect();
        assert_eq!((wills, fold.seen.0), (self.wills.clone(), self.seen));
        let due = fold.due_wills.iter();
        let due = due.flat_map(|(number, wills)| wills.iter().map(move |one| (number, one)));
        let due = due.map(|(number, one)| (number, one.sequence.unwrap_or_default()));
        assert_eq!(due.collect::<BTreeSet<_>>(), self.due_wills);
        let retained: BTreeMap<String, Sequence> = fold
            .retained
            .iter()
            .map(|(_, topic, stored)| (topic.to_string(), stored.sequence))
            .collect();
        assert_eq!(retained, self.retained);
        let mut remains = BTreeMap::new();
        for (number, left) in fold.remains.iter() {
            let live = left.entries().filter(|entry| !entry.is_settled());
            remains.insert(number, live.map(|one| one.sequence().0).collect::<Vec<_>>());
        }
        let expected = self.remains.iter().map(|(number, (left, _))| (*number, left.clone()));
        assert_eq!(remains, expected.collect());
        let owed: usize = self.sessions.values().map(|one| one.owed.len()).sum();
        let left: usize = remains.values().map(Vec::len).sum();
        assert_eq!(fold.totals.owed, owed + left);
        let named = (0..8).map(|org| fold.sessions.after(OrgId(org), "").count());
        assert_eq!(named.sum::<usize>(), self.sessions.len());
    }
}
