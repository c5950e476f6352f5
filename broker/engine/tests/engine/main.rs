//! The engine played without sockets: every history is deterministic.
#![expect(clippy::panic, reason = "tests say what was unexpected")]

mod dice;
mod net;

mod acks_follow_commits;
mod fuzzed;
mod inspection;
mod routing;
mod slow_clients;
mod wills;
