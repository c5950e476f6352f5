//! Aggregates over samples, per bucket; pure.
