//! Passes on what ended sessions were owed as members of shares. It is read from the log and offered to
//! the cores, a bounded number at a time, until the log says what became of it. So is what was owed to
//! connections of a process that is gone ([`SessionNo::LIVE`]).

use std::ops::RangeInclusive;
use std::sync::Arc;

use fabric::{Frame, TailItem};
use uns_model::{Sequence, SessionNo};

use super::Feeder;
use crate::fold::{Cause, Fold};
use crate::owed::{Entry, Owed};
use crate::reader::Request;
use crate::{LoggedPublish, PassOn, Topics};

/// The most messages that cores have at once.
const OFFERED_MAX: usize = 64;

impl Feeder {
    /// What to read to pass on, when no connected session waits for anything.
    pub(crate) fn wanted_remains(&self, fold: &Fold) -> Option<Request> {
        if self.now < self.pass_after {
            return None;
        }
        let mut offered = 0;
        for (number, owed) in fold.remains.iter() {
            offered += owed.offered();
            if offered >= OFFERED_MAX {
                return None;
            }
            let is_left = |one: &&Entry| !self.is_live(number, one.sequence());
            let mut open = owed.not_offered().take_while(is_left).take(OFFERED_MAX - offered);
            if let Some(first) = open.next() {
                let last = open.last().unwrap_or(first);
                let (from, until) = (first.sequence(), last.sequence());
                return Some(Request { from, until, session: number });
            }
        }
        None
    }

    /// Whether a connection of this process has it.
    pub(super) fn is_live(&self, number: SessionNo, sequence: Sequence) -> bool {
        number == SessionNo::LIVE && sequence > self.left_until
    }

    /// Takes the messages of an ended session out of what was read for it.
    pub(crate) fn read_remains(
        &mut self,
        fold: &mut Fold,
        request: Request,
        items: &[TailItem],
        topics: &dyn Topics,
    ) {
        let number = request.session;
        for item in items {
            match item {
                TailItem::Frame(frame) => self.take_remains(fold, request, frame, topics),
                TailItem::Gap { after, until, reason } => {
                    let range = after.next()..=*until;
                    drop_remains(fold, number, range, Cause::Gap(*reason));
                }
            }
        }
    }

    fn take_remains(
        &mut self,
        fold: &mut Fold,
        Request { session: number, until, .. }: Request,
        frame: &Frame,
        topics: &dyn Topics,
    ) {
        let last = frame.last().min(until);
        let mut raws = frame.skim();
        while let Some(owed) = fold.remains.change_unlogged(number)
            && let Some(entry) = first_in(owed, &(frame.first()..=last))
        {
            let sequence = entry.sequence();
            let raw = raws.find(|raw| raw.sequence() == sequence);
            let message =
                raw.and_then(|raw| LoggedPublish::read(frame, &raw, topics)).map(Arc::new);
            match (message, owed.share(&entry).cloned()) {
                (Some(message), Some(share)) => {
                    owed.offer(sequence, true);
                    self.passing.push(PassOn { session: number, sequence, share, message });
                }
                _ => drop(fold.drop_owed(number, sequence, Cause::Unreadable)),
            }
        }
    }

    /// No core took a message, or the log did not take what the core made of it.
    pub(crate) fn offer_again(&mut self, fold: &mut Fold, number: SessionNo, sequence: Sequence) {
        if let Some(owed) = fold.remains.change_unlogged(number) {
            owed.offer(sequence, false);
            self.pass_after = self.now + super::PASS_AGAIN;
        }
    }
}

/// Drops messages of an ended session that cannot be read.
pub(crate) fn drop_remains(
    fold: &mut Fold,
    number: SessionNo,
    range: RangeInclusive<Sequence>,
    cause: Cause,
) {
    while let Some(entry) = fold.remains.get(number).and_then(|owed| first_in(owed, &range)) {
        fold.drop_owed(number, entry.sequence(), cause);
    }
}

fn first_in(owed: &Owed, range: &RangeInclusive<Sequence>) -> Option<Entry> {
    let entry = owed.not_offered().next().copied();
    entry.filter(|entry| range.contains(&entry.sequence()))
}
