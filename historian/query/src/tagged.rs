//! Samples with what is known of their series.

use historian_store::Sample;

/// A sample, and which of the view's units its series has.
#[derive(Debug)]
pub(crate) struct Tagged {
    pub(crate) sample: Sample,
    pub(crate) unit: u16,
    /// It is of the node itself and ends the field that was asked for.
    pub(crate) ends: bool,
    /// It is of the field and came beside a value of the node, which does not end it.
    pub(crate) beside: bool,
}
