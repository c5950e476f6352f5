//! What every handler works with.

use std::sync::Arc;

use hub_kit::Hub;

/// The hub, as the handlers share it.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) hub: Arc<Hub>,
}
