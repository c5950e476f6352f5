//! A record on its way to live clients: decoded and encoded once, whoever gets it, and only if
//! somebody does.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};

use broker_codec::PassThrough;
use fabric::Publish;
use schemas::Sample;
use schemas::payload::{DecodeContext, Decoded, decode};
use schemas::ws::Mode;
use uns_model::{Point, Sequence, Timestamp, TopicId, Zone, fold};

use crate::statistics::Statistics;

/// One record.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: TopicId,
    pub(crate) topic: Arc<str>,
    pub(crate) sequence: Sequence,
    ingest: Timestamp,
    properties: Box<[u8]>,
    payload: Box<[u8]>,
    every: OnceLock<Encoded>,
    newest: OnceLock<Encoded>,
}

/// The samples of a record as they go out.
#[derive(Debug, Default)]
pub(crate) struct Encoded {
    /// Without the brackets of the list they become part of.
    pub(crate) json: Box<str>,
    /// How many there are.
    pub(crate) samples: u64,
}

impl Item {
    pub(crate) fn new(topic: Arc<str>, sequence: Sequence, publish: &Publish<'_>) -> Arc<Self> {
        Arc::new(Self {
            id: publish.topic,
            topic,
            sequence,
            ingest: publish.ingest,
            properties: publish.properties.into(),
            payload: publish.payload.into(),
            every: OnceLock::new(),
            newest: OnceLock::new(),
        })
    }

    /// Roughly what it holds in memory.
    pub(crate) fn bytes(&self) -> usize {
        192 + self.topic.len() + self.properties.len() + self.payload.len()
    }

    /// What a subscription of this mode sends of it.
    pub(crate) fn encoded(&self, mode: Mode, (zone, statistics): (&Zone, &Statistics)) -> &Encoded {
        match mode {
            Mode::Every => self.every.get_or_init(|| {
                let (points, decoded) = self.decode(zone, statistics);
                self.encode(&points, decoded)
            }),
            Mode::Latest => self.newest.get_or_init(|| {
                let (points, decoded) = self.decode(zone, statistics);
                self.encode(&newest(points), decoded)
            }),
        }
    }

    fn decode(&self, zone: &Zone, statistics: &Statistics) -> (Vec<Point>, Decoded) {
        statistics.decoded.fetch_add(1, Relaxed);
        let properties = PassThrough::parse(&self.properties);
        let content_type = properties.ok().and_then(|properties| properties.content_type());
        let context = DecodeContext::new(zone, self.ingest);
        let mut points = Vec::new();
        let decoded = decode(&self.payload, content_type, &context, &mut points);
        // Only brownfield gets here with broken JSON.
        statistics.malformed.fetch_add(u64::from(decoded.malformed), Relaxed);
        for point in &mut points {
            point.source = Some(fold::place(point.source, self.ingest).time);
        }
        (points, decoded)
    }

    fn encode(&self, points: &[Point], decoded: Decoded) -> Encoded {
        let mut json = Vec::new();
        for point in points {
            if !json.is_empty() {
                json.push(b',');
            }
            let whose = (&*self.topic, point.field.as_deref());
            let said = (&point.value, point.quality);
            let time = point.source.unwrap_or_default();
            // What is said of the payload is said of the node's own value, as in `current`.
            let own = if point.field.is_none() { decoded } else { Decoded::default() };
            let sample = Sample {
                unit: point.unit.as_deref(),
                fields_left_out: own.fields_left_out,
                encoding: own.windows_1252.then_some("windows-1252"),
                ..Sample::new(whose, said, time, self.sequence.0)
            };
            serde_json::to_writer(&mut json, &sample).expect("a sample is plain data");
        }
        let json = String::from_utf8(json).expect("JSON is UTF-8");
        Encoded { json: json.into(), samples: points.len() as u64 }
    }
}

/// Of each field only the newest point, and nothing that is history from birth.
fn newest(points: Vec<Point>) -> Vec<Point> {
    let mut newest: Vec<Point> = Vec::new();
    for point in points.into_iter().filter(|point| !point.historical) {
        match newest.iter_mut().find(|kept| kept.field == point.field) {
            Some(kept) if kept.source <= point.source => *kept = point,
            Some(_) => {}
            None => newest.push(point),
        }
    }
    newest
}
