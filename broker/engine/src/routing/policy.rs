//! The rights in use on one core, each under a number, so that remembering and comparing a
//! decision costs one word.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use ahash::RandomState;

use crate::access::Access;
use crate::access_guard;

/// The number of some rights; never used again for others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct PolicyNo(u64);

#[derive(Debug)]
struct InUse {
    access: Arc<dyn Access>,
    number: PolicyNo,
    connections: u32,
}

/// The rights of the connections of one core.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    /// By the address of the instance, which is alive as long as it is in here.
    in_use: HashMap<usize, InUse, RandomState>,
    last: u64,
}

fn place(access: &Arc<dyn Access>) -> usize {
    Arc::as_ptr(access).cast::<()>().addr()
}

impl Policies {
    /// A connection has these rights from now on.
    pub(crate) fn register(&mut self, access: &Arc<dyn Access>) -> PolicyNo {
        let last = &mut self.last;
        let entry = self.in_use.entry(place(access)).or_insert_with(|| {
            *last += 1;
            InUse { access: Arc::clone(access), number: PolicyNo(*last), connections: 0 }
        });
        entry.connections += 1;
        entry.number
    }

    /// A connection that had these rights has them no more.
    pub(crate) fn unregister(&mut self, access: &Arc<dyn Access>) {
        let place = place(access);
        let Some(entry) = self.in_use.get_mut(&place) else { return };
        entry.connections -= 1;
        if entry.connections == 0 {
            self.in_use.remove(&place);
        }
    }

    /// The numbers of rights that were revoked.
    pub(crate) fn revoked(&self) -> Vec<PolicyNo> {
        let revoked =
            self.in_use.values().filter(|in_use| access_guard::is_revoked(&*in_use.access));
        revoked.map(|in_use| in_use.number).collect()
    }
}

/// Who may publish to a topic, as far as it is remembered: the last few rights that were asked.
#[derive(Clone, Debug)]
pub(crate) struct Grants {
    epoch: u64,
    to: [Cell<PolicyNo>; PLACES],
}

const PLACES: usize = 4;

impl Grants {
    /// Nobody was asked about yet under the policies of this epoch.
    pub(crate) fn new(epoch: u64) -> Self {
        Self { epoch, to: Default::default() }
    }

    /// Whether what is remembered still counts.
    pub(crate) fn is_of(&self, epoch: u64) -> bool {
        self.epoch == epoch
    }

    /// Whether these rights are known to suffice.
    #[inline]
    pub(crate) fn has(&self, policy: PolicyNo) -> bool {
        self.to[Self::index(policy)].get() == policy
    }

    /// Remembers that these rights suffice.
    pub(crate) fn add(&self, policy: PolicyNo) {
        self.to[Self::index(policy)].set(policy);
    }

    #[inline]
    fn index(policy: PolicyNo) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "only the lowest bits count")]
        let low = policy.0 as usize;
        low % PLACES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Everything;

    #[test]
    fn rights_have_one_number_while_they_are_in_use() {
        let mut policies = Policies::default();
        let (one, two): (Arc<dyn Access>, Arc<dyn Access>) =
            (Everything::shared(), Arc::new(Everything));
        let first = policies.register(&one);
        assert_eq!(policies.register(&Everything::shared()), first);
        let second = policies.register(&two);
        assert_ne!(first, second);
        policies.unregister(&one);
        assert_eq!(policies.register(&one), first);
        policies.unregister(&one);
        policies.unregister(&one);
        assert_ne!(policies.register(&one), first, "a number that was free is not used again");
        assert_eq!(policies.in_use.len(), 2);
    }

    #[test]
    fn grants_are_forgotten_rather_than_mixed_up() {
        let grants = Grants::new(7);
        assert!(grants.is_of(7) && !grants.is_of(8));
        grants.add(PolicyNo(1));
        grants.add(PolicyNo(2));
        assert!(grants.has(PolicyNo(1)) && grants.has(PolicyNo(2)) && !grants.has(PolicyNo(3)));
        grants.add(PolicyNo(5));
        assert!(!grants.has(PolicyNo(1)) && grants.has(PolicyNo(5)));
    }
}
