//! How log-ins end, and what can be told of them at once.

use std::sync::Arc;

use broker_codec::ReasonCode;

use crate::grant::Grant;

/// How a log-in ends.
pub(super) type Outcome = Result<Arc<Grant>, ReasonCode>;

/// What can be told of a log-in without a slow hash.
pub(super) enum Quick {
    /// How it ends.
    Known(Outcome),
    /// It has to be verified.
    Slow,
    /// Nobody has the name; it is refused as late as if it had been verified.
    Nobody,
}
