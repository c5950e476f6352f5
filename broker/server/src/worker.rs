//! One core: the thread that owns an engine and its connections. [`run`] is its entry point.

mod certificates;
mod connection;
mod drain;
mod draining;
mod figure_sources;
mod figures;
mod flush;
mod flush_signal;
mod in_process;
mod incoming;
mod layered;
mod memory;
mod panics;
mod read;
mod replies;
mod report;
mod requests;
mod setup;
mod state;
mod stream;
mod tasks;
mod write;

pub(crate) use figure_sources::FigureSources;
pub(crate) use setup::{Setup, SharedSetup, Upkeep};
pub(crate) use tasks::run;
