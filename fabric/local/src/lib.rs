//! The fabric in one process: segment files, one appender, committed tail.
