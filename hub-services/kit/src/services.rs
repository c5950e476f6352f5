//! What modules ask of the hub: the live namespace, its history, the publish gate and the
//! broker's operators' view.
//!
//! The root implements these object-safe traits over namespace, historian and broker, so that a
//! module depends on none of them. Questions about the namespace and their answers
//! are those of [`uns_model::query`]; what operators ask of the broker is answered with the bodies of `schemas`, which nobody else reads.

use std::future::Future;
use std::pin::Pin;

mod dead_letters;
mod history;
mod live;
mod mqtt;
mod page;
mod publish;

pub use dead_letters::DeadLetters;
pub use history::{History, HistoryGap, HistoryPage};
pub use live::{CurrentPage, DeleteQuery, Live};
pub use mqtt::{ClientQuery, Mqtt, SubscriptionQuery, TopicQuery, TraceQuery, TraceSpec};
pub use page::Page;
pub use publish::{Mark, Publish, PublishBatch, PublishItem, Published, RefusedRow, Resumed};

use crate::Refusal;

/// A future of a service call, boxed so that the traits stay object-safe.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What most service calls give: the answer, or why it was refused.
pub type Answer<'a, T> = Boxed<'a, Result<T, Refusal>>;
