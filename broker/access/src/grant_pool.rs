//! Grants in use, so that all connections with the same rights share one.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use broker_engine::Access as _;
use parking_lot::Mutex;

use crate::grant::Grant;
use crate::policy_context::PolicyContext;
use crate::principal::Principal;

/// The shared grants, by the name of their account.
#[derive(Debug, Default)]
pub(crate) struct GrantPool(Mutex<HashMap<Arc<str>, Weak<Grant>>>);

impl GrantPool {
    /// The rights of an account. They are shared if they are the same for all of its clients.
    pub(crate) fn grant(
        &self,
        context: &Arc<PolicyContext>,
        principal: Principal,
        name: &str,
        client_id: &str,
    ) -> Arc<Grant> {
        let policy = context.policy.load();
        if !principal.has_same_rules_for_all(&policy, name) {
            return Arc::new(Grant::new(Arc::clone(context), principal, name.into(), client_id));
        }
        let mut grants = self.0.lock();
        if let Some(known) = grants.get(name).and_then(Weak::upgrade)
            && *known.principal() == principal
            && !known.is_revoked()
        {
            return known;
        }
        let accounts = policy.users.len() + policy.devices.len() + 1;
        if grants.len() > accounts {
            grants.retain(|_, grant| grant.strong_count() > 0);
        }
        let name: Arc<str> = name.into();
        // It has no client id, since it must not depend on which client came first.
        let grant = Arc::new(Grant::new(Arc::clone(context), principal, Arc::clone(&name), ""));
        grants.insert(name, Arc::downgrade(&grant));
        grant
    }
}
