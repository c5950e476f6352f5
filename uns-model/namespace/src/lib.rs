//! Publish gate, node registry, last value and tree: folds over the log.
