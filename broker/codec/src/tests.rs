//! Tests over all packet types: round trips, truncation, noise, clauses, and a peer's codec.

mod clauses;
mod dice;
mod peer;
mod publish;
mod round_trip;
mod short_forms;
