//! One subscription: a cursor on the log that turns records into messages, a bounded piece a turn.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use broker_codec::PassThrough;
use fabric::{Frame, Log, Publish, Record, Tail, TailItem};
use hub_kit::services::Live;
use schemas::payload::{DecodeContext, as_text, decode};
use schemas::ws::{Mode, ServerMessage};
use schemas::{Sample, WireQuality, WireTime, WireValue};
use uns_model::{OrgId, Point, Sequence, fold};

use crate::Config;
use crate::latest::Fold;
use crate::statistics::Statistics;
use crate::topics::{Topics, Verdict};

/// How many bytes of frames one turn reads before others get theirs.
const READ_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a turn needs beside the subscription.
pub(crate) struct Context {
    pub(crate) org: OrgId,
    pub(crate) config: Config,
    /// This subscription's share of what one client may fold.
    pub(crate) fold_bytes: usize,
    pub(crate) live: Arc<dyn Live>,
    pub(crate) statistics: Arc<Statistics>,
}

/// A subscription.
pub(crate) struct Subscription {
    pub(crate) id: u64,
    pub(crate) mode: Mode,
    tail: Box<dyn Tail>,
    topics: Topics,
    /// The frame being worked through.
    frame: Option<Frame>,
    /// Everything up to here is in messages, or is not for this client.
    position: Sequence,
    /// The position the client was told last.
    told: Sequence,
    latest: Fold,
    /// The record whose topic nobody knew; asked for once more after catching up.
    unknown: Option<Sequence>,
    out: Outgoing,
}

/// What a turn gives.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Messages to send, in order.
    pub(crate) messages: Vec<String>,
    /// There is more to read at once.
    pub(crate) more: bool,
    /// The namespace has not yet applied what this cursor read: wait for it.
    pub(crate) behind: bool,
}

/// How the work on one frame ended.
enum Work {
    Done,
    Full,
    Behind,
}

/// Samples gathered for one message.
#[derive(Default)]
struct Outgoing {
    samples: Vec<(Arc<str>, Point, Sequence)>,
    points: Vec<Point>,
    bytes: usize,
}

impl Subscription {
    /// A subscription to topics, from a sequence on.
    pub(crate) fn new(id: u64, mode: Mode, topics: Topics, log: &dyn Log, from: Sequence) -> Self {
        Self {
            id,
            mode,
            tail: log.tail(from),
            topics,
            frame: None,
            position: from,
            told: from,
            latest: Fold::default(),
            unknown: None,
            out: Outgoing::default(),
        }
    }

    /// Reads on from the cursor. May block on disk reads.
    pub(crate) fn turn(&mut self, context: &Context) -> Result<Turn, fabric::Error> {
        let mut turn = Turn::default();
        let mut read = 0;
        self.topics.refresh();
        while read < READ_BYTES_MAX && !self.is_full(context) {
            let frame = match self.frame.take() {
                Some(frame) => frame,
                None => match self.tail.next()? {
                    None => {
                        self.flush(context, &mut turn);
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
                Work::Full => self.frame = Some(frame.after(self.position)),
                Work::Behind => {
                    self.frame = Some(frame.after(self.position));
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

    /// Tells a quiet client how far it has got, so that a resume much later need not reread.
    pub(crate) fn heartbeat(&mut self) -> Option<String> {
        let quiet = self.out.samples.is_empty() && self.latest.is_empty();
        (quiet && self.position > self.told).then(|| {
            self.told = self.position;
            let sequence = self.position.0;
            let message =
                ServerMessage::Data { id: self.id, sequence, samples: &[], skipped: None };
            text(&message)
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
                        Verdict::Match(topic) => self.take_in(topic, sequence, &publish, context),
                        Verdict::Unknown if self.unknown != Some(sequence) => {
                            self.unknown = Some(sequence);
                            return Work::Behind;
                        }
                        Verdict::Other | Verdict::Unknown => {}
                    }
                }
                _ => {}
            }
            self.position = sequence;
        }
        Work::Done
    }

    fn take_in(
        &mut self,
        topic: Arc<str>,
        sequence: Sequence,
        publish: &Publish<'_>,
        context: &Context,
    ) {
        match self.mode {
            Mode::Latest => self.latest.push(topic, sequence, publish),
            Mode::Every => self.out.push(&topic, sequence, publish, context),
        }
    }

    fn gap(&mut self, context: &Context, turn: &mut Turn, (after, until): (Sequence, Sequence)) {
        self.flush(context, turn);
        context.statistics.gaps.fetch_add(1, Relaxed);
        let gap = ServerMessage::Gap { id: self.id, after: after.0, until: until.0 };
        turn.messages.push(text(&gap));
        self.position = until;
        self.told = until;
    }

    fn flush(&mut self, context: &Context, turn: &mut Turn) {
        let mut skipped = None;
        if self.mode == Mode::Latest {
            let (kept, replaced) = self.latest.take();
            skipped = (replaced > 0).then_some(replaced);
            context.statistics.skipped.fetch_add(replaced, Relaxed);
            for kept in kept {
                let publish = Publish {
                    org: context.org,
                    topic: uns_model::TopicId::default(),
                    node: uns_model::NodeNo::default(),
                    publisher: uns_model::PublisherId::default(),
                    qos: 0,
                    retain: false,
                    expiry: None,
                    source: kept.source,
                    ingest: kept.ingest,
                    properties: &kept.properties,
                    payload: &kept.payload,
                };
                self.out.push_newest(&kept.topic, kept.sequence, &publish, context);
            }
        }
        if let Some(message) = self.out.message(self.id, self.position, skipped) {
            context.statistics.samples.fetch_add(self.out.samples.len() as u64, Relaxed);
            turn.messages.push(message);
            self.told = self.position;
        }
        self.out.clear();
    }
}

impl Outgoing {
    /// Decodes every point of a record.
    fn push(
        &mut self,
        topic: &Arc<str>,
        sequence: Sequence,
        publish: &Publish<'_>,
        context: &Context,
    ) {
        self.decode(publish, context);
        self.bytes += publish.payload.len();
        for mut point in self.points.drain(..) {
            let field = point.field.as_ref().map_or(0, |field| field.len());
            self.bytes += 96 + topic.len() + field;
            let placed =
                fold::place(point.source.or(publish.source), point.quality, publish.ingest);
            (point.quality, point.source) = (placed.quality, Some(placed.time));
            self.samples.push((topic.clone(), point, sequence));
        }
    }

    /// The same, but of each field only the newest point, and nothing that is history from birth.
    fn push_newest(
        &mut self,
        topic: &Arc<str>,
        sequence: Sequence,
        publish: &Publish<'_>,
        context: &Context,
    ) {
        let first = self.samples.len();
        self.push(topic, sequence, publish, context);
        let mut newest: Vec<(Arc<str>, Point, Sequence)> = Vec::new();
        for sample in self.samples.drain(first..).filter(|(_, point, _)| !point.historical) {
            match newest.iter_mut().find(|(_, kept, _)| kept.field == sample.1.field) {
                Some(kept) if kept.1.source <= sample.1.source => *kept = sample,
                Some(_) => {}
                None => newest.push(sample),
            }
        }
        self.samples.append(&mut newest);
    }

    fn decode(&mut self, publish: &Publish<'_>, context: &Context) {
        let properties = PassThrough::parse(publish.properties);
        let content_type = properties.ok().and_then(|properties| properties.content_type());
        let zone = DecodeContext { default_offset_seconds: context.config.default_offset_seconds };
        self.points.clear();
        if decode(publish.payload, content_type, &zone, &mut self.points).is_err() {
            // Only brownfield gets here with broken JSON: it is text, as in `current`.
            self.points.clear();
            self.points.push(as_text(publish.payload));
            context.statistics.malformed.fetch_add(1, Relaxed);
        }
    }

    fn message(&self, id: u64, position: Sequence, skipped: Option<u64>) -> Option<String> {
        if self.samples.is_empty() {
            return None;
        }
        let samples: Vec<Sample<'_>> = self
            .samples
            .iter()
            .map(|(topic, point, sequence)| Sample {
                topic,
                field: point.field.as_deref(),
                value: WireValue { value: &point.value, quality: point.quality },
                quality: WireQuality(point.quality),
                timestamp: WireTime(point.source.unwrap_or_default()),
                sequence: sequence.0,
            })
            .collect();
        let sequence = position.0;
        Some(text(&ServerMessage::Data { id, sequence, samples: &samples, skipped }))
    }

    fn clear(&mut self) {
        self.samples.clear();
        self.bytes = 0;
    }
}

/// A message as it goes out.
pub(crate) fn text(message: &ServerMessage<'_>) -> String {
    serde_json::to_string(message).expect("messages are plain data with string keys")
}
