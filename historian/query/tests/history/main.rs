//! History from the log to an answer: against a naive model, through crashes, damage and purges.

mod aggregates;
mod catalog;
mod damage;
mod edges;
mod formats;
mod local;
mod model;
mod rig;
