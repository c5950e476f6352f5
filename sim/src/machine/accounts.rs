//! The accounts of a history: every client has one, and may lose the right to publish its will.

use std::collections::BTreeSet;
use std::sync::Arc;

use broker_codec::ReasonCode;
use broker_engine::{Absent, Access, Action, Authenticate, Coverage, Identity, Login, Verdict};
use parking_lot::Mutex;
use uns_model::OrgId;

use crate::Fault;

/// Whose wills are refused; outlives the hub.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forbidden(Arc<Mutex<BTreeSet<String>>>);

impl Forbidden {
    pub(crate) fn add(&self, account: &str) {
        self.0.lock().insert(account.to_owned());
    }

    fn has(&self, account: &str) -> bool {
        self.0.lock().contains(account)
    }
}

pub(crate) struct Accounts {
    pub(crate) forbidden: Forbidden,
    pub(crate) fault: Option<Fault>,
}

/// The rights of one account.
#[derive(Debug)]
struct Rights {
    account: Box<str>,
    forbidden: Forbidden,
}

impl Access for Rights {
    fn allows(&self, action: Action, topic: &str) -> bool {
        action != Action::Publish || !topic.starts_with("w/") || !self.forbidden.has(&self.account)
    }

    fn covers(&self, _: &str) -> Coverage {
        Coverage::All
    }
}

impl Accounts {
    fn rights(&self, account: &str) -> Arc<dyn Access> {
        let forbidden = match self.fault {
            Some(Fault::ForgetsWhoseWill) => Forbidden::default(),
            _ => self.forbidden.clone(),
        };
        Arc::new(Rights { account: account.into(), forbidden })
    }
}

impl Authenticate for Accounts {
    fn authenticate(&self, login: &Login<'_>) -> Verdict {
        let Some(account) = login.user_name else {
            return Verdict::Known(Err(ReasonCode::NotAuthorized));
        };
        let forbidden = self.forbidden.clone();
        let access = Arc::new(Rights { account: account.into(), forbidden });
        Verdict::Known(Ok(Identity::new(OrgId::DEFAULT, account, access)))
    }

    fn rights_of(&self, absent: &Absent<'_>) -> Option<Arc<dyn Access>> {
        // Every session here belongs to an account; one that is forgotten has no rights at all.
        absent.account.map(|account| self.rights(account))
    }
}
