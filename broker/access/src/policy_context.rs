//! What rights depend on: the current policy, the time, and whether anonymous clients are served.

use std::sync::Arc;

use arc_swap::ArcSwap;
use uns_model::Clock;

use crate::local_secret::LocalSecret;
use crate::policy::Policy;

/// What log-ins and all grants share.
pub(crate) struct PolicyContext {
    pub(crate) policy: ArcSwap<Policy>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secret: LocalSecret,
    pub(crate) anonymous: Box<dyn Fn() -> bool + Send + Sync>,
}

impl PolicyContext {
    /// Seconds since 1970.
    pub(crate) fn now_seconds(&self) -> i64 {
        self.clock.now().0.div_euclid(1_000_000_000)
    }

    /// Whether clients without a log-in are served now.
    pub(crate) fn is_anonymous_served(&self) -> bool {
        (self.anonymous)()
    }
}
