//! What modules ask of the hub: the live namespace, its history, the publish gate and the
//! broker's operators' view.
//!
//! The root implements these object-safe traits over namespace, historian and broker, so that a
//! module depends on none of them. Queries and pages carry `uns-model` types only; what operators
//! ask of the broker is answered with the bodies of `schemas`, which nobody else reads.

use std::future::Future;
use std::pin::Pin;

mod dead_letters;
mod history;
mod live;
mod mqtt;
mod publish;
mod violations;

pub use dead_letters::{DeadLetters, DeadPage};
pub use history::{Aggregate, History, HistoryGap, HistoryPage, HistoryQuery, HistorySample};
pub use live::{
    CurrentPage, CurrentQuery, CurrentValue, DeleteQuery, LastValue, Live, Remarks, SearchHit,
    SearchPage, SearchQuery, TreeNode, TreePage, TreeQuery,
};
pub use mqtt::{
    ClientOrder, ClientQuery, Mqtt, SessionQuery, SubscriptionQuery, TopicQuery, TraceQuery,
    TraceSpec,
};
pub use publish::{Mark, Publish, PublishBatch, PublishItem, Published, RefusedRow, Resumed};
pub use violations::ClockViolation;

use crate::Refusal;

/// A future of a service call, boxed so that the traits stay object-safe.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What most service calls give: the answer, or why it was refused.
pub type Answer<'a, T> = Boxed<'a, Result<T, Refusal>>;
