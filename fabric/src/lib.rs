//! The fabric's traits, record format, disk abstraction and conformance suite.
