//! The ledger from outside, one file per behaviour.

mod chaos;
mod deliver;
mod from_disk;
mod gaps;
mod lagging;
mod older_checkpoints;
mod owners;
mod query;
mod quota;
mod shares;
mod timers;
mod wills;
mod world;
