//! Where the reader puts what it finds, one after the other.

use uns_model::{Finding, PointRef};

/// Takes the points of one payload in their order, and what is remarkable about it. What a point
/// borrows lies in the payload where it stands there as it is meant; an escaped text or a name that
/// is joined (`motor.temp`) lies elsewhere and is gone after the call.
pub trait Sink {
    /// Takes one point.
    fn point(&mut self, point: &PointRef<'_>);
    /// Takes something remarkable about the payload, after its points.
    fn finding(&mut self, finding: Finding);
}

/// Takes no notice.
pub(super) struct Nothing;

impl Sink for Nothing {
    fn point(&mut self, _: &PointRef<'_>) {}

    fn finding(&mut self, _: Finding) {}
}
