//! The vocabulary of the hub: topics and filters, ISA-95 levels, values, quality, time, identity, and
//! what is asked of the namespace and its history ([`query`]).
//!
//! Pure: no I/O, no threads, no serialisation formats. [`Value`], [`Quality`] and [`Timestamp`]
//! make a [`Point`], which is what one payload says about one node; [`Clock`] and [`Random`] are
//! the only doors to time and chance, so that simulations can close them.

mod coverage;
pub mod decimal;
mod error;
mod filter;
pub mod fold;
pub mod grammar;
mod id;
pub mod isa95;
mod kept;
pub mod number;
mod point;
mod quality;
pub mod query;
mod random;
mod reason;
mod time;
mod topic;
mod topic_map;
mod value;

pub use coverage::Coverage;
pub use error::{FilterError, TopicError};
pub use filter::Filter;
pub use id::{NodeId, NodeNo, OrgId, PublisherId, Sequence, SessionNo, TopicId};
pub use kept::Kept;
pub use point::{Finding, Point, PointRef};
pub use quality::Quality;
pub use random::{Random, SeededRandom, SystemRandom};
pub use reason::Reason;
pub use time::{
    Clock, Instants, ManualClock, SystemClock, TIMESTAMP_TEXT_BYTES, TimeText, Timestamp, WallTime,
    Zone,
};
pub use topic::{NO_RIGHT_TO_PUBLISH, Plane, validate_publish_topic};
pub use topic_map::TopicMap;
pub use value::{Value, ValueRef};
