//! Live values over WebSocket, gap-free from any sequence.
