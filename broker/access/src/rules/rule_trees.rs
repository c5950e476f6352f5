//! The rules about publishing, or those about receiving.

use super::filter_tree::FilterTree;

/// What is allowed and what is denied.
#[derive(Clone, Debug, Default)]
pub(super) struct RuleTrees {
    pub(super) allow: FilterTree,
    pub(super) deny: FilterTree,
}
