//! Bodies of the native API: `/api/v1/uns` (namespace section 14) and `/api/v1/broker`.
//!
//! Answers borrow from whoever holds the data and are only written; requests are owned and only
//! read. `next` is null on the last page, and else the `after` of the next one.

pub mod broker;
mod dead;
mod listed;
mod problem;
mod publish;
mod read;
mod violations;

pub use dead::DeadLetters;
pub use listed::ListedValue;
pub use problem::Problem;
pub use publish::{
    ITEMS_MAX, PublishItem, PublishReport, PublishRequest, PublishResult, RefusedRow,
};
pub use read::{
    Current, Deleted, History, HistoryGap, HistorySample, SearchHit, SearchResults, Tree, TreeNode,
};
pub use violations::{ClockViolation, Violations};
