//! Stands for the gate: reads the payload of a publish before it goes into the log.

use fabric::{Batch, PointsBuffer, PointsBuilder, Publish, Record};
use schemas::payload::{DecodeContext, Sink, keep};
use uns_model::{Finding, PointRef, Zone};

struct Filling<'a, 'b>(&'a mut PointsBuilder<'b>);

impl Sink for Filling<'_, '_> {
    fn point(&mut self, point: &PointRef<'_>) {
        self.0.push(point);
    }

    fn finding(&mut self, finding: Finding) {
        self.0.finding(finding);
    }
}

/// Adds a publish to a batch, with its points.
pub(crate) fn admit(batch: &mut Batch, publish: Publish<'_>) {
    let zone = Zone::default();
    let context = DecodeContext::new(&zone, publish.ingest);
    let mut buffer = PointsBuffer::new();
    let mut points = buffer.begin(publish.payload);
    keep(publish.payload, None, &context, &mut Filling(&mut points));
    let points = Some(points.finish());
    batch.push(&Record::Publish(Publish { points, ..publish }));
}
