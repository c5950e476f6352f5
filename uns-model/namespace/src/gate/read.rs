//! The one place where a payload is read: into the points that its record carries. Under `uns/v1/` the
//! reading also says whether the payload may be accepted (NS-22) and what its rows ask for (NS-21).

use fabric::{Findings, Inbound, Points, PointsBuffer, PointsBuilder, Rejection};
use schemas::payload::{self, Batch, DecodeContext, Sink};
use uns_model::{Finding, PointRef, Reason, Zone};

use crate::Config;
use crate::properties::content_type;

/// A buffer that has grown beyond this for one payload is not kept.
const KEEP_BYTES: usize = 256 << 10;

/// What was understood of the payload read last, in a buffer that is used for one after the other.
#[derive(Debug, Default)]
pub(super) struct Reading {
    buffer: PointsBuffer,
    /// How many points.
    pub(super) points: u32,
    /// What was remarkable.
    pub(super) findings: Findings,
}

impl Reading {
    /// Reads the payload of a publish.
    #[inline]
    pub(super) fn read(&mut self, inbound: &Inbound<'_>, zone: &Zone) {
        let mut builder = self.buffer.begin(inbound.payload);
        let context = DecodeContext::new(zone, inbound.ingest);
        let filled = fill(&mut builder, inbound.payload, inbound.properties, &context);
        (self.points, self.findings) = filled;
    }

    /// The points of the payload that was read.
    #[inline]
    pub(super) fn points<'b>(&'b self, payload: &'b [u8]) -> Points<'b> {
        self.buffer.points(payload)
    }

    /// Whether the payload may be accepted under `uns/v1/`, and what its rows ask for if it is a batch.
    #[inline]
    pub(super) fn accept(
        &self,
        payload: &[u8],
        config: &Config,
    ) -> Result<Option<Batch>, Rejection> {
        check_size(payload, config)?;
        // Rows are elements of an array, and nothing else has any.
        if !self.findings.has(Finding::Malformed) && !payload.contains(&b'[') {
            return Ok(None);
        }
        payload::check(payload)
            .map_err(|malformed| Rejection::new(Reason::PayloadMalformed, malformed))
    }

    /// Gives back what one large payload took.
    #[inline]
    pub(super) fn give_back(&mut self) {
        if self.buffer.capacity() > KEEP_BYTES {
            self.buffer = PointsBuffer::new();
        }
    }
}

/// Fills a section with what a payload says: how many points, and what was remarkable.
#[inline]
pub(crate) fn fill(
    builder: &mut PointsBuilder<'_>,
    payload: &[u8],
    properties: &[u8],
    context: &DecodeContext<'_>,
) -> (u32, Findings) {
    let mut filling = Filling { builder, points: 0, findings: Findings::default() };
    payload::keep(payload, content_type(properties), context, &mut filling);
    (filling.points, filling.findings)
}

/// A section on its way.
struct Filling<'a, 'b> {
    builder: &'a mut PointsBuilder<'b>,
    points: u32,
    findings: Findings,
}

impl Sink for Filling<'_, '_> {
    #[inline]
    fn point(&mut self, point: &PointRef<'_>) {
        self.points += 1;
        self.builder.push(point);
    }

    fn finding(&mut self, finding: Finding) {
        self.findings.note(finding);
        self.builder.finding(finding);
    }
}

/// Whether a payload is as long as one under `uns/v1/` may be.
pub(super) fn check_size(payload: &[u8], config: &Config) -> Result<(), Rejection> {
    // Most payloads are short; their kind need not be known.
    if payload.len() <= config.value_bytes_max.min(config.document_bytes_max) {
        return Ok(());
    }
    let (kind, max) = match payload::is_container(payload) {
        true => ("document", config.document_bytes_max),
        false => ("value", config.value_bytes_max),
    };
    if payload.len() <= max {
        return Ok(());
    }
    let detail = format!(
        "a {kind} of {} bytes exceeds the limit of {max}: publish it in parts, or outside our own \
         prefixes, where it passes as bytes",
        payload.len()
    );
    Err(Rejection::new(Reason::PayloadTooLarge, detail))
}
