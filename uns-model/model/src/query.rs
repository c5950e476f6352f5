//! What is asked of the namespace, of its history and of the broker, and what an answer says. Whoever asks, the
//! questions and answers are these; how an answer is written for a client is `schemas`' matter.

mod clocks;
mod current;
mod history;
mod mqtt;
mod search;
mod tree;

pub use clocks::{ClockFault, ClockViolation};
pub use current::{CurrentQuery, CurrentValue, LastValue, Remarks};
pub use history::{Aggregate, HistoryQuery, HistorySample, Nothing};
pub use mqtt::{ClientOrder, SessionQuery};
pub use search::{SearchHit, SearchQuery};
pub use tree::{TreeNode, TreeQuery};
