//! The ledger from outside, one file per behaviour.

mod deliver;
mod gaps;
mod lagging;
mod query;
mod quota;
mod timers;
mod world;
