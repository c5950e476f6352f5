//! A record on its way to live clients: encoded once, whoever gets it, and only if somebody does.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};

use fabric::{Points, Publish};
use schemas::Sample;
use schemas::ws::Mode;
use uns_model::{Finding, PointRef, Sequence, Timestamp, TopicId, fold};

use crate::statistics::Statistics;

/// One record.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: TopicId,
    pub(crate) topic: Arc<str>,
    pub(crate) sequence: Sequence,
    ingest: Timestamp,
    /// The points section and the payload: a copy, since one small record that waits for its client
    /// would keep its whole frame.
    bytes: Box<[u8]>,
    /// How many of them are the section.
    section: usize,
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
        let section = publish.points.unwrap_or_default().as_bytes();
        Arc::new(Self {
            id: publish.topic,
            topic,
            sequence,
            ingest: publish.ingest,
            bytes: [section, publish.payload].concat().into(),
            section: section.len(),
            every: OnceLock::new(),
            newest: OnceLock::new(),
        })
    }

    /// Roughly what it holds in memory.
    pub(crate) fn bytes(&self) -> usize {
        192 + self.topic.len() + self.bytes.len()
    }

    /// What a subscription of this mode sends of it.
    pub(crate) fn encoded(&self, mode: Mode, statistics: &Statistics) -> &Encoded {
        let (encoded, newest_alone) = match mode {
            Mode::Every => (&self.every, false),
            Mode::Latest => (&self.newest, true),
        };
        encoded.get_or_init(|| {
            statistics.decoded.fetch_add(1, Relaxed);
            let points = self.points();
            // Only brownfield gets here with broken JSON.
            let malformed = points.findings().any(|finding| finding == Finding::Malformed);
            statistics.malformed.fetch_add(u64::from(malformed), Relaxed);
            let all = points.iter().map(|point| self.placed(point));
            match newest_alone {
                true => self.encode(&newest(all)),
                false => self.encode(&all.collect::<Vec<_>>()),
            }
        })
    }

    fn points(&self) -> Points<'_> {
        let (section, payload) = self.bytes.split_at(self.section);
        Points::new(section, payload)
    }

    /// A point with the time that counts.
    fn placed<'p>(&self, point: PointRef<'p>) -> PointRef<'p> {
        PointRef { source: Some(fold::place(point.source, self.ingest).time), ..point }
    }

    fn encode(&self, points: &[PointRef<'_>]) -> Encoded {
        let (mut fields_left_out, mut encoding) = (0, None);
        for finding in self.points().findings() {
            match finding {
                Finding::FieldsLeftOut(fields) => fields_left_out = fields,
                Finding::Windows1252 => encoding = Some("windows-1252"),
                _ => {}
            }
        }
        let mut json = Vec::new();
        for point in points {
            if !json.is_empty() {
                json.push(b',');
            }
            let whose = (&*self.topic, point.field);
            let value = point.value.to_value();
            let time = point.source.unwrap_or_default();
            let mut sample = Sample {
                unit: point.unit,
                ..Sample::new(whose, (&value, point.quality), time, self.sequence.0)
            };
            if point.field.is_none() {
                // What is said of the payload is said of the node's own value, as in `current`.
                (sample.fields_left_out, sample.encoding) = (fields_left_out, encoding);
            }
            serde_json::to_writer(&mut json, &sample).expect("a sample is plain data");
        }
        let json = String::from_utf8(json).expect("JSON is UTF-8");
        Encoded { json: json.into(), samples: points.len() as u64 }
    }
}

/// Of each field only the newest point, and nothing that is history from birth.
fn newest<'p>(points: impl Iterator<Item = PointRef<'p>>) -> Vec<PointRef<'p>> {
    let mut newest: Vec<PointRef<'_>> = Vec::new();
    for point in points.filter(|point| !point.historical) {
        match newest.iter_mut().find(|kept| kept.field == point.field) {
            Some(kept) if kept.source <= point.source => *kept = point,
            Some(_) => {}
            None => newest.push(point),
        }
    }
    newest
}
