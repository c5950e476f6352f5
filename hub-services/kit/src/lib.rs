//! What every hub module is built on: module trait, supervision, database, HTTP guard, service traits.
//!
//! A [`Module`] gets its settings and a [`Hub`], and gives routes and maybe a background task. The
//! [`Supervisor`] keeps tasks running; [`http::App`] puts routes behind one guard; [`Db`] keeps
//! metadata; [`services`] are the traits the root implements so that modules never meet.

mod caller;
mod db;
mod error;
pub mod health;
pub mod http;
pub mod metrics;
mod module;
mod refusal;
pub mod services;
mod stop;
mod supervise;

pub use bytes::Bytes;
pub use caller::{Caller, Rights};
pub use db::Db;
pub use error::Error;
pub use fabric::Cursor;
pub use module::{Hub, Kind, Module, Started, Task, TaskFuture};
pub use refusal::Refusal;
pub use stop::{Stop, Stopper};
pub use supervise::Supervisor;
