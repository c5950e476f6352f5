//! One reader of the log for all live clients that are up to date.
//!
//! Each record's topic is matched once, and a record is looked into only if somebody wants it. A
//! subscription that lags reads the log with a cursor of its own until it has caught up: a slow
//! client holds up neither the dispatcher nor the others.

mod audience;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fabric::{Frame, Publish, Record, Tail, TailItem};
use hub_kit::{Error, Hub, Stop};
use parking_lot::Mutex;
use tokio::sync::Notify;
use uns_model::{Filter, Sequence};

use crate::inbox::Inbox;
use crate::item::Item;
use audience::{Audience, Number};

/// How many bytes of frames are read before somebody else may have the thread.
const READ_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long the namespace may take to apply what the log already has.
const BEHIND_MAX: Duration = Duration::from_secs(30);

/// Reads the log for everybody.
pub(crate) struct Dispatcher {
    hub: Arc<Hub>,
    state: Mutex<State>,
    /// Everything up to here was dispatched, while it runs.
    position: AtomicU64,
    /// Somebody came while it did not run.
    wanted: Notify,
}

#[derive(Default)]
struct State {
    running: bool,
    audience: Audience,
}

/// A place among those the dispatcher reads for, left when dropped.
pub(crate) struct Joined {
    dispatcher: Arc<Dispatcher>,
    number: Number,
    pub(crate) inbox: Arc<Inbox>,
}

/// The dispatcher's own cursor.
struct Reading {
    tail: Box<dyn Tail>,
    frame: Option<Frame>,
    /// The record whose topic nobody knew; asked for once more after catching up.
    unknown: Option<Sequence>,
}

/// How a round ended.
enum Round {
    CaughtUp,
    More,
    /// The namespace has not yet applied what was read: wait for it.
    Behind,
    /// Records are missing, which everybody has to see in the log for themselves.
    Gap,
}

impl Dispatcher {
    pub(crate) fn new(hub: Arc<Hub>) -> Arc<Self> {
        Arc::new(Self {
            hub,
            state: Mutex::default(),
            position: AtomicU64::new(0),
            wanted: Notify::new(),
        })
    }

    /// Everything up to here was dispatched; to be read before an inbox is looked into.
    pub(crate) fn position(&self) -> Sequence {
        Sequence(self.position.load(Ordering::Acquire))
    }

    /// Reads for this subscription from now on, if it has read at least as far as the dispatcher.
    pub(crate) fn join(
        self: &Arc<Self>,
        filter: &Filter,
        from: Sequence,
        inbox: Arc<Inbox>,
    ) -> Option<Joined> {
        let mut state = self.state.lock();
        if !state.running {
            state.running = true;
            self.position.store(from.0, Ordering::Release);
            self.wanted.notify_one();
        } else if from < self.position() {
            return None;
        }
        let number = state.audience.add(filter, from, Arc::clone(&inbox));
        Some(Joined { dispatcher: Arc::clone(self), number, inbox })
    }

    /// Runs until the hub stops.
    pub(crate) async fn run(self: Arc<Self>, mut stop: Stop) -> Result<(), Error> {
        // After a failure everybody reads for themselves and comes again.
        self.send_away();
        loop {
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = self.wanted.notified() => {}
            }
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = self.serve() => {}
            }
        }
    }

    /// Dispatches for as long as somebody is there.
    async fn serve(self: &Arc<Self>) {
        let mut committed = self.hub.log.watch();
        let tail = self.hub.log.tail(self.position());
        let mut reading = Reading { tail, frame: None, unknown: None };
        loop {
            committed.borrow_and_update();
            let dispatcher = Arc::clone(self);
            let work = tokio::task::spawn_blocking(move || {
                let done = dispatcher.round(&mut reading);
                (reading, done)
            });
            // A panic in there is a bug: the supervisor starts this again.
            let (returned, done) = work.await.expect("reading the log does not panic");
            reading = returned;
            match done {
                Ok(Round::More) => {}
                Ok(Round::CaughtUp) if self.ends_if_alone() => return,
                Ok(Round::CaughtUp) => {
                    if committed.changed().await.is_err() {
                        return self.send_away();
                    }
                }
                Ok(Round::Behind) => {
                    let caught_up = self.hub.live.caught_up();
                    if tokio::time::timeout(BEHIND_MAX, caught_up).await.is_err() {
                        return self.send_away();
                    }
                }
                Ok(Round::Gap) => return self.send_away(),
                Err(error) => {
                    let cause: &(dyn std::error::Error + 'static) = &error;
                    tracing::error!(cause, "the log cannot be read for live clients");
                    return self.send_away();
                }
            }
        }
    }

    fn ends_if_alone(&self) -> bool {
        let mut state = self.state.lock();
        state.running = !state.audience.is_empty();
        !state.running
    }

    /// Everybody goes on by themselves from here.
    fn send_away(&self) {
        let mut state = self.state.lock();
        state.running = false;
        let at = self.position();
        for inbox in std::mem::take(&mut state.audience).into_inboxes() {
            inbox.leave(at);
        }
    }

    fn round(&self, reading: &mut Reading) -> Result<Round, fabric::Error> {
        let mut read = 0;
        while read < READ_BYTES_MAX {
            let frame = match reading.frame.take() {
                Some(frame) => frame,
                None => match reading.tail.next()? {
                    None => return Ok(Round::CaughtUp),
                    Some(TailItem::Gap { .. }) => return Ok(Round::Gap),
                    Some(TailItem::Frame(frame)) => frame,
                },
            };
            read += frame.bytes().len();
            if !self.dispatch(&frame, &mut reading.unknown) {
                reading.frame = Some(frame.after(self.position()));
                return Ok(Round::Behind);
            }
        }
        Ok(Round::More)
    }

    /// Hands out the records of a frame; `false` if the name of a topic is missing.
    fn dispatch(&self, frame: &Frame, unknown: &mut Option<Sequence>) -> bool {
        let mut state = self.state.lock();
        let org = self.hub.org;
        for (sequence, record) in frame.records() {
            match record {
                Record::NodeMinted { org: of, topic, name, .. } if of == org => {
                    state.audience.learn(topic, || Some(name.into()));
                }
                Record::Publish(publish) if publish.org == org => {
                    let name = || self.hub.live.topic(publish.topic);
                    let known = state.audience.learn(publish.topic, name);
                    if !known && *unknown != Some(sequence) {
                        *unknown = Some(sequence);
                        return false;
                    }
                    hand_out(&mut state.audience, sequence, &publish);
                }
                _ => {}
            }
            self.position.store(sequence.0, Ordering::Release);
        }
        self.position.fetch_max(frame.last().0, Ordering::AcqRel);
        true
    }
}

fn hand_out(audience: &mut Audience, sequence: Sequence, publish: &Publish<'_>) {
    let mut item: Option<Arc<Item>> = None;
    let mut gone = Vec::new();
    audience.each(publish.topic, |name, member| {
        if sequence <= member.from {
            return;
        }
        let item = item.get_or_insert_with(|| Item::new(Arc::clone(name), sequence, publish));
        if !member.inbox.push(item) {
            gone.push(member.number);
        }
    });
    for number in gone {
        audience.remove(number);
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.dispatcher.state.lock().audience.remove(self.number);
    }
}
