//! Bringing frames of earlier formats up to date for their readers.

use std::fmt::Debug;

use bytes::BytesMut;
use uns_model::Sequence;

use super::{FORMAT_VERSION, FRAME_ALIGN, FRAME_HEADER_BYTES, Frame, FrameHeader, POINTS_VERSION};
use crate::{Batch, PointsBuffer, PointsBuilder, Publish, Record};

/// Understands the payloads of publishes that were taken before their points were stored beside them.
///
/// A log that is opened with it hands out such publishes as if they had been: there is one place that
/// reads payloads, and its readers need no other.
pub trait Upgrade: Debug + Send + Sync {
    /// Fills in what the payload of a publish says.
    fn fill(&self, publish: &Publish<'_>, points: &mut PointsBuilder<'_>);
}

impl Frame {
    /// The frame as the current format has it: the same sequences and times, and each publish with
    /// its points.
    #[must_use]
    pub fn upgraded(mut self, upgrade: &dyn Upgrade) -> Self {
        // Format 4 was written for a while before the gate filled its points in; of one frame it filled
        // in all or none.
        let publish = self.records().find_map(|(_, record)| match record {
            Record::Publish(publish) => Some(publish),
            _ => None,
        });
        let is_old = publish.is_some_and(|publish| publish.points.is_none());
        if self.header.version >= POINTS_VERSION && !is_old {
            return self;
        }
        let after = std::mem::replace(&mut self.after, Sequence::ZERO);
        let mut batch = Batch::with_capacity(2 * self.bytes.len());
        let mut buffer = PointsBuffer::new();
        for (_, record) in self.records() {
            match record {
                Record::Publish(publish) if publish.points.is_none() => {
                    let mut points = buffer.begin(publish.payload);
                    upgrade.fill(&publish, &mut points);
                    let points = Some(points.finish());
                    batch.push(&Record::Publish(Publish { points, ..publish }));
                }
                record => batch.push(&record),
            }
        }
        let body = batch.as_bytes();
        let header = FrameHeader {
            version: FORMAT_VERSION,
            length: u32::try_from(body.len()).expect("a frame stays below 4 GiB"),
            body_crc: crc32fast::hash(body),
            ..self.header
        };
        let mut bytes = BytesMut::with_capacity(header.frame_bytes());
        // Nobody looks for frames in what has been read, so the header needs neither key nor bytes.
        bytes.extend_from_slice(&[0; FRAME_HEADER_BYTES]);
        bytes.extend_from_slice(body);
        bytes.resize(bytes.len().next_multiple_of(FRAME_ALIGN), 0);
        Self::trusted(header, bytes.freeze()).after(after)
    }
}
