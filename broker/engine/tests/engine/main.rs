//! The engine played without sockets: every history is deterministic.
#![expect(clippy::panic, reason = "tests say what was unexpected")]

mod dice;
mod doorman;
mod net;

mod access;
mod acks_follow_commits;
mod changed_rights;
mod dead_letters;
mod durability;
mod durable_sessions;
mod ended_sessions;
mod enhanced;
mod exactly_once;
mod fuzzed;
mod identifiers;
mod inspection;
mod log_in;
mod looks_ahead;
mod memory;
mod retained;
mod retained_after_live;
mod rights_that_panic;
mod routing;
mod shares_of_both;
mod shares_of_sessions;
mod slow_clients;
mod tracing;
mod wills;
mod wills_when_due;
