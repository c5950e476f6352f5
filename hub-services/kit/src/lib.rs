//! What every hub module is built on: module trait, supervision, database, HTTP guard, service traits.

mod refusal;
pub mod services;

pub use refusal::Refusal;
