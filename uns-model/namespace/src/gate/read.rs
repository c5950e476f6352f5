//! The one place where a payload is read, in one pass: into the points that its record carries. Under
//! `uns/v1/` the same pass says whether the payload may be accepted (NS-22) and which of its points are
//! rows of children (NS-19, NS-21).

use fabric::{Findings, Inbound, Points, PointsBuffer, PointsBuilder, Rejection};
use schemas::Malformed;
use schemas::payload::{self, Batch, DecodeContext, Sink, VQT_JSON};
use uns_model::{Finding, PointRef, Reason};

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

/// A publish and what was understood of its payload.
#[derive(Clone, Copy)]
pub(super) struct Read<'a> {
    pub(super) inbound: &'a Inbound<'a>,
    pub(super) reading: &'a Reading,
}

impl<'a> Read<'a> {
    /// The points of its payload.
    #[inline]
    pub(super) fn points(self) -> Points<'a> {
        self.reading.points(self.inbound.payload)
    }
}

impl Reading {
    /// Reads a payload that may be anything, as on topics outside our own prefix.
    #[inline]
    pub(super) fn keep(&mut self, inbound: &Inbound<'_>, config: &Config) {
        let mut builder = self.buffer.begin(inbound.payload);
        let context = DecodeContext::new(&config.zone, inbound.ingest).limited(config.fields);
        let filled = fill(&mut builder, inbound.payload, inbound.properties, &context);
        (self.points, self.findings) = filled;
    }

    /// Reads a payload under our own prefix, if it may be accepted there, and says what its rows ask
    /// for if it is a batch: rows with a path and named points are children, and no points of the node.
    #[inline]
    pub(super) fn accept(
        &mut self,
        inbound: &Inbound<'_>,
        config: &Config,
    ) -> Result<Option<Batch>, Rejection> {
        let content_type = content_type(inbound.properties);
        let context = DecodeContext::new(&config.zone, inbound.ingest).with_children();
        self.accept_as(inbound.payload, content_type, &context, config)
    }

    /// Reads a row of a batch that is a sample of a child: it has one value, and no children.
    pub(super) fn accept_row(
        &mut self,
        row: &Inbound<'_>,
        config: &Config,
    ) -> Result<(), Rejection> {
        let context = DecodeContext::new(&config.zone, row.ingest);
        self.accept_as(row.payload, Some(VQT_JSON), &context, config).map(drop)
    }

    #[inline]
    fn accept_as(
        &mut self,
        payload: &[u8],
        content_type: Option<&str>,
        context: &DecodeContext<'_>,
        config: &Config,
    ) -> Result<Option<Batch>, Rejection> {
        check_size(payload, content_type, config)?;
        let mut builder = self.buffer.begin(payload);
        let mut filling = Filling::new(&mut builder);
        let context = context.limited(config.fields);
        let read = payload::read(payload, content_type, &context, &mut filling);
        (self.points, self.findings) = (filling.points, filling.findings);
        read.map_err(|malformed| {
            let reason = match malformed {
                Malformed::TooManyRows { .. } => Reason::PayloadTooLarge,
                _ => Reason::PayloadMalformed,
            };
            Rejection::new(reason, malformed)
        })
    }

    /// The points of the payload that was read.
    #[inline]
    pub(super) fn points<'b>(&'b self, payload: &'b [u8]) -> Points<'b> {
        self.buffer.points(payload)
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
    let mut filling = Filling::new(builder);
    payload::keep(payload, content_type(properties), context, &mut filling);
    (filling.points, filling.findings)
}

/// A section on its way.
struct Filling<'a, 'b> {
    builder: &'a mut PointsBuilder<'b>,
    points: u32,
    findings: Findings,
}

impl<'a, 'b> Filling<'a, 'b> {
    fn new(builder: &'a mut PointsBuilder<'b>) -> Self {
        Self { builder, points: 0, findings: Findings::default() }
    }
}

impl Sink for Filling<'_, '_> {
    #[inline]
    fn point(&mut self, point: &PointRef<'_>) {
        self.points += 1;
        self.builder.push(point);
    }

    fn finding(&mut self, finding: Finding) {
        // Of several numbers that were rounded one is told.
        if finding != Finding::Rounded || !self.findings.has(finding) {
            self.builder.finding(finding);
        }
        self.findings.note(finding);
    }
}

/// Whether a payload is as long as one under `uns/v1/` may be.
pub(super) fn check_size(
    payload: &[u8],
    content_type: Option<&str>,
    config: &Config,
) -> Result<(), Rejection> {
    // Most payloads are short; their kind need not be known.
    if payload.len() <= config.value_bytes_max.min(config.document_bytes_max) {
        return Ok(());
    }
    let (kind, max) = match payload::is_container(payload, content_type) {
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
