//! Tests over all packet types.
