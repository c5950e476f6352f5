//! The outcome of a log-in, and what is known of it without a slow check.

use std::sync::Arc;

use broker_codec::ReasonCode;

use crate::grant::Grant;

/// The outcome of a log-in.
pub(super) type Outcome = Result<Arc<Grant>, ReasonCode>;

/// What is known of a log-in without a slow check.
pub(super) enum FirstCheck {
    /// Its outcome.
    Decided(Outcome),
    /// It must be verified.
    MustVerify,
    /// There is no account of this name. It is refused as late as if it had been verified.
    UnknownName,
}
