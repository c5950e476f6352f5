//! What a checkpoint needs of the fold. The fold stands still while it is taken, so nothing is encoded
//! or put in order here: lists of deliveries are copied as they lie in memory, strings and messages are
//! shared.

use std::sync::Arc;

use uns_model::{OrgId, Sequence, SessionNo};

use crate::fold::{Fold, Marks, Stored};
use crate::session::{Pending, Remains, Session};

/// The fold as of one sequence, in no order.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) applied: Sequence,
    pub(super) seen: SessionNo,
    pub(super) sessions: Vec<Session>,
    pub(super) wills: Vec<(SessionNo, Pending)>,
    pub(super) retained: Vec<(OrgId, Arc<str>, Stored)>,
    pub(super) remains: Vec<(SessionNo, Remains)>,
    pub(super) marks: Marks,
}

impl Taken {
    pub(crate) fn of(fold: &Fold) -> Self {
        let mut retained = Vec::with_capacity(fold.retained.len());
        let kept = fold.retained.iter();
        retained.extend(kept.map(|(org, topic, one)| (org, Arc::clone(topic), one.clone())));
        Self {
            applied: fold.applied,
            seen: fold.seen,
            sessions: fold.sessions.values().map(Session::detached).collect(),
            wills: fold.wills.iter().map(|(number, one)| (*number, one.clone())).collect(),
            retained,
            remains: fold.remains.iter().map(|(number, one)| (*number, one.clone())).collect(),
            marks: fold.marks.clone(),
        }
    }
}
