//! Paths, values, quality, time and identity of the namespace; pure.
