//! Every JSON payload and HTTP body of the hub.
