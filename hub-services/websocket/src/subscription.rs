//! One subscription: what the dispatcher has for it, or a reader of its own on the log until it is up
//! to date; turned into messages, a bounded piece a turn.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use fabric::{Cursor, Frame, Log, Record, Tail, TailItem};
use hub_kit::services::Live;
use schemas::ws::{Mode, ServerMessage, data};
use tokio::sync::Notify;
use uns_model::{OrgId, Sequence};

use crate::Config;
use crate::dispatch::{Dispatcher, Joined};
use crate::inbox::{Inbox, Taken};
use crate::item::Item;
use crate::latest::Fold;
use crate::statistics::Statistics;
use crate::topics::{Topics, Verdict};

/// How many bytes of frames one turn reads before others get theirs.
const READ_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What the dispatcher keeps for a subscription to every sample, in messages.
const INBOX_MESSAGES: usize = 4;

/// What a turn needs beside the subscription.
pub(crate) struct Context {
    pub(crate) org: OrgId,
    pub(crate) config: Config,
    /// This subscription's share of what one client may fold.
    pub(crate) fold_bytes: usize,
    pub(crate) live: Arc<dyn Live>,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) statistics: Arc<Statistics>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    /// Told when the dispatcher has something.
    pub(crate) wake: Arc<Notify>,
}

/// A subscription.
pub(crate) struct Subscription {
    pub(crate) id: u64,
    pub(crate) mode: Mode,
    topics: Topics,
    source: Source,
    /// Everything up to here is in messages, or is not for this client.
    position: Sequence,
    /// The position the client was told last.
    told: Sequence,
    latest: Fold,
    out: Outgoing,
}

/// Where records come from.
enum Source {
    /// The log, read alone.
    Log(Reader),
    /// The dispatcher.
    Live(Joined),
}

/// A reader of the log of its own.
struct Reader {
    tail: Box<dyn Tail>,
    /// The frame being worked through.
    frame: Option<Frame>,
    /// The record whose topic nobody knew; asked for once more after catching up.
    unknown: Option<Sequence>,
}

/// What a turn gives.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Messages to send, in order.
    pub(crate) messages: Vec<String>,
    /// There is more to read at once.
    pub(crate) more: bool,
    /// The namespace has not yet applied what was read: wait for it.
    pub(crate) behind: bool,
}

/// How the work on one frame ended.
enum Work {
    Done,
    Full,
    Behind,
}

/// Records gathered for one message.
#[derive(Default)]
struct Outgoing {
    items: Vec<Arc<Item>>,
    bytes: usize,
}

impl Reader {
    fn new(log: &dyn Log, from: Sequence) -> Self {
        Self { tail: log.tail(from), frame: None, unknown: None }
    }
}

impl Subscription {
    /// A subscription to topics, from a sequence on.
    pub(crate) fn new(id: u64, mode: Mode, topics: Topics, log: &dyn Log, from: Sequence) -> Self {
        Self {
            id,
            mode,
            topics,
            source: Source::Log(Reader::new(log, from)),
            position: from,
            told: from,
            latest: Fold::default(),
            out: Outgoing::default(),
        }
    }

    /// Whether a turn may block on disk reads.
    pub(crate) fn reads_the_log(&self) -> bool {
        matches!(self.source, Source::Log(_))
    }

    /// Goes on: with what the dispatcher has, or from the log. May block on disk reads.
    pub(crate) fn turn(&mut self, context: &Context) -> Result<Turn, fabric::Error> {
        match &self.source {
            Source::Live(_) => Ok(self.receive(context)),
            Source::Log(_) => self.read(context),
        }
    }

    /// Takes what the dispatcher has.
    fn receive(&mut self, context: &Context) -> Turn {
        let mut turn = Turn::default();
        let Source::Live(joined) = &self.source else { return turn };
        // Before the inbox: what is dispatched after it is not in there.
        let dispatched = context.dispatcher.position();
        let Taken { items, latest, more, left } = joined.inbox.take(context.config.message_bytes);
        turn.more = more;
        let last = items.last().map_or(self.position, |item| item.sequence);
        self.position = self.position.max(last);
        for item in items {
            self.out.push(item);
        }
        self.latest.take_over(latest);
        if let Some(left) = left {
            self.position = self.position.max(left);
            self.source = Source::Log(Reader::new(context.log.as_ref(), self.position));
        } else if !more {
            self.position = self.position.max(dispatched);
        }
        self.flush(context, &mut turn);
        turn
    }

    /// Reads on in the log, and has the dispatcher read once that is up to date.
    fn read(&mut self, context: &Context) -> Result<Turn, fabric::Error> {
        let mut turn = Turn::default();
        let mut read = 0;
        self.topics.refresh();
        while read < READ_BYTES_MAX && !self.is_full(context) {
            let Source::Log(reader) = &mut self.source else { break };
            let frame = match reader.frame.take() {
                Some(frame) => frame,
                None => match reader.tail.next()? {
                    None => {
                        self.flush(context, &mut turn);
                        turn.more = !self.join(context);
                        return Ok(turn);
                    }
                    Some(TailItem::Gap { after, until, .. }) => {
                        self.gap(context, &mut turn, (after, until));
                        continue;
                    }
                    Some(TailItem::Frame(frame)) => frame,
                },
            };
            read += frame.bytes().len();
            match self.work_through(&frame, context) {
                Work::Done => self.position = self.position.max(frame.last()),
                Work::Full => self.keep(frame),
                Work::Behind => {
                    self.keep(frame);
                    turn.behind = true;
                    break;
                }
            }
        }
        turn.more = true;
        // A fold goes on until it has caught up or is full: that is when skipping pays.
        if self.mode == Mode::Every || self.is_full(context) || turn.behind {
            self.flush(context, &mut turn);
        }
        Ok(turn)
    }

    /// Has the dispatcher read from here on, unless it is ahead.
    fn join(&mut self, context: &Context) -> bool {
        let bytes_max = match self.mode {
            Mode::Every => INBOX_MESSAGES * context.config.message_bytes,
            Mode::Latest => context.fold_bytes,
        };
        let (filter, caller) = (self.topics.filter(), self.topics.caller());
        let inbox = Inbox::new((self.mode, bytes_max), (filter, caller), &context.wake);
        let Some(joined) = context.dispatcher.join(filter, self.position, inbox) else {
            return false;
        };
        self.source = Source::Live(joined);
        self.topics.forget();
        true
    }

    /// What is left of a frame.
    fn keep(&mut self, frame: Frame) {
        if let Source::Log(reader) = &mut self.source {
            reader.frame = Some(frame.after(self.position));
        }
    }

    /// Tells a quiet client how far it has got, so that a resume much later need not reread.
    pub(crate) fn heartbeat(&mut self, dispatcher: &Dispatcher) -> Option<String> {
        if let Source::Live(joined) = &self.source {
            let dispatched = dispatcher.position();
            if joined.inbox.is_empty() {
                self.position = self.position.max(dispatched);
            }
        }
        let quiet = self.out.items.is_empty() && self.latest.is_empty();
        let told = quiet && self.position > self.told && self.topics.may_read_some();
        told.then(|| {
            self.told = self.position;
            data((self.id, &Cursor::after(self.position).to_string()), &[], None)
        })
    }

    fn is_full(&self, context: &Context) -> bool {
        let config = &context.config;
        self.out.bytes >= config.message_bytes || self.latest.bytes() >= context.fold_bytes
    }

    /// Takes in records until the frame ends or something stops it.
    fn work_through(&mut self, frame: &Frame, context: &Context) -> Work {
        for (sequence, record) in frame.records() {
            if self.is_full(context) {
                return Work::Full;
            }
            match record {
                Record::NodeMinted { org, topic, name, .. } if org == context.org => {
                    self.topics.learn(topic, name);
                }
                Record::Publish(publish) if publish.org == context.org => {
                    let name = || context.live.topic(publish.topic);
                    match self.topics.verdict(publish.topic, name) {
                        Verdict::Match(topic) => {
                            self.take_in(Item::new(topic, sequence, &publish));
                        }
                        Verdict::Unknown if self.is_new(sequence) => return Work::Behind,
                        Verdict::Other | Verdict::Unknown => {}
                    }
                }
                _ => {}
            }
            self.position = sequence;
        }
        Work::Done
    }

    /// Whether the topic of this record was not asked for before.
    fn is_new(&mut self, unknown: Sequence) -> bool {
        let Source::Log(reader) = &mut self.source else { return false };
        reader.unknown.replace(unknown) != Some(unknown)
    }

    fn take_in(&mut self, item: Arc<Item>) {
        match self.mode {
            Mode::Latest => self.latest.push(item),
            Mode::Every => self.out.push(item),
        }
    }

    fn gap(&mut self, context: &Context, turn: &mut Turn, (after, until): (Sequence, Sequence)) {
        self.flush(context, turn);
        self.position = until;
        if !self.topics.may_read_some() {
            return;
        }
        context.statistics.gaps.fetch_add(1, Relaxed);
        let [after, until_text] = [after, until].map(|at| Cursor::after(at).to_string());
        let gap = ServerMessage::Gap { id: self.id, after: &after, until: &until_text };
        turn.messages.push(text(&gap));
        self.told = until;
    }

    fn flush(&mut self, context: &Context, turn: &mut Turn) {
        let mut skipped = None;
        if self.mode == Mode::Latest {
            let (kept, replaced) = self.latest.take();
            skipped = (replaced > 0).then_some(replaced);
            context.statistics.skipped.fetch_add(replaced, Relaxed);
            for item in kept {
                self.out.push(item);
            }
        }
        let statistics = &*context.statistics;
        let encoded = self.out.items.iter().map(|item| item.encoded(self.mode, statistics));
        let samples: Vec<_> = encoded.filter(|encoded| encoded.samples > 0).collect();
        if !samples.is_empty() {
            let count = samples.iter().map(|encoded| encoded.samples).sum();
            context.statistics.samples.fetch_add(count, Relaxed);
            let samples: Vec<&str> = samples.iter().map(|encoded| &*encoded.json).collect();
            let cursor = Cursor::after(self.position).to_string();
            turn.messages.push(data((self.id, &cursor), &samples, skipped));
            self.told = self.position;
        }
        self.out = Outgoing::default();
    }
}

impl Outgoing {
    fn push(&mut self, item: Arc<Item>) {
        self.bytes += item.bytes();
        self.items.push(item);
    }
}

/// A message as it goes out.
pub(crate) fn text(message: &ServerMessage<'_>) -> String {
    serde_json::to_string(message).expect("messages are plain data with string keys")
}
