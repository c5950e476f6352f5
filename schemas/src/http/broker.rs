//! Bodies of the operators' view of the broker, `/api/v1/broker`.
//!
//! Unlike those of the namespace they are owned: they are put together from several threads.

mod client;
mod lists;
mod stats;
mod trace;

pub use client::{Client, ClientClock, ClientState, Clients, Pace};
pub use lists::{Session, Sessions, Subscription, Subscriptions, Topic, Topics};
pub use stats::{BrokerStats, CoreStats, Counts, Rates, SessionStats, TransportStats};
pub use trace::{Direction, Trace, TraceEvent, TraceRequest, Traces};
