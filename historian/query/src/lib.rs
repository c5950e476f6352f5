//! Reads over history: raw and aggregated, files and memory as one.
