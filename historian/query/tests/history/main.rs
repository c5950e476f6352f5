//! History from the log to an answer: against a naive model, through crashes, damage and purges.

mod acknowledged;
mod aggregates;
mod cancel;
mod catalog;
mod catalog_rows;
mod damage;
mod default_end;
mod edges;
mod ended_fields;
mod formats;
mod gate;
mod local;
mod model;
mod purge;
mod ranges;
mod rig;
mod units;
