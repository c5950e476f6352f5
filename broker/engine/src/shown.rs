//! What somebody who looks into the broker may be shown.

use std::fmt;
use std::sync::Arc;

/// Whether a topic or filter is shown.
type Test = dyn Fn(&str) -> bool + Send + Sync;

/// The topics and filters somebody is shown. Others are as if they were not there, in pages, in
/// the places where pages go on, and in traces.
#[derive(Clone, Default)]
pub struct Shown(Option<Arc<Test>>);

impl Shown {
    /// Only those.
    pub fn those(are: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(are)))
    }

    /// Whether nothing is hidden.
    pub(crate) fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// Whether this is one.
    pub fn has(&self, topic: &str) -> bool {
        self.0.as_ref().is_none_or(|are| are(topic))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}
