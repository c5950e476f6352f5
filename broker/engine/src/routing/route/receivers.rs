//! The receivers of a topic on one core.

use std::cell::Cell;
use std::sync::Arc;

use super::merge::Target;
use crate::key::CoreNo;
use crate::owed_live::OwedLive;
use crate::routing::tree::ShareName;

/// Receivers on one core, as batches to it note them.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) core: CoreNo,
    pub(crate) targets: Arc<[Target]>,
    /// Whether nobody here gets a message of QoS 1 or 2 live.
    only_owed: bool,
    /// In which batch the targets were noted last, and under which number.
    pub(crate) noted: Cell<(u64, u32)>,
}

impl Remote {
    pub(super) fn new(core: CoreNo, targets: Vec<Target>) -> Self {
        let only_owed = targets.iter().all(|target| target.ledger && target.qos > 0);
        Self { core, targets: targets.into(), only_owed, noted: Cell::new((0, 0)) }
    }

    /// Whether a message of this QoS has to go there.
    #[inline]
    pub(crate) fn gets(&self, qos: u8) -> bool {
        qos == 0 || !self.only_owed
    }
}

/// Receivers of a message on one core.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Receivers<'a> {
    pub(crate) targets: &'a [Target],
    /// The share they are the chosen member of.
    pub(crate) share: Option<&'a Arc<ShareName>>,
    /// The record that is owed to it, if it has no session that lasts.
    pub(crate) owed_live: Option<&'a Arc<OwedLive>>,
}
