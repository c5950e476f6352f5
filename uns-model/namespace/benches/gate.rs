//! Prints what one admit and one fold cost.
fn main() {}
