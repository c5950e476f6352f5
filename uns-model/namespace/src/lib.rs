//! The namespace: the publish gate in front of the log, and the committed view behind it.
//!
//! A [`Gate`] per core turns a topic into a [`Node`] (minting it at its first publish), checks the
//! payload and appends to the log; it runs ahead of commit. [`Namespace::run`] folds what was
//! committed into tree, last values and retained messages, answers queries about them, and writes
//! checkpoints so that a start costs the tail of the log only. A [`fabric::Rejection`] says why a
//! publish was refused, by the names of namespace section 11.

mod blocks;
mod checkpoint;
mod config;
mod consumers;
mod delete;
mod error;
mod follow;
mod gate;
mod namespace;
mod node;
mod properties;
mod query;
mod registry;
mod rejections;
mod rule;
mod upgrade;
mod view;

pub use config::{Brownfield, Config};
pub use delete::Deleted;
pub use error::Error;
pub use gate::{AllRights, Gate, PublisherRights};
pub use namespace::{Namespace, Parts, Stats};
pub use node::{FIELDS_MAX, Node, Retain, Side};
pub use query::{Everywhere, Page, SearchPage, Sight};
pub use rule::{Emitted, Judged, Rule, Rules, Verdict};
pub use upgrade::PayloadReader;
pub use view::{FoldCounts, Retained, RetainedChange, RetainedSink};
