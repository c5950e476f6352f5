//! What every handler works with.

use std::sync::Arc;

use hub_kit::services::Mqtt;
use uns_model::OrgId;

/// The broker, and whose part of it is asked for.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) org: OrgId,
    pub(crate) mqtt: Arc<dyn Mqtt>,
}
