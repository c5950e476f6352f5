//! What one record costs on its way into the log.
fn main() {}
