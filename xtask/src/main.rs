//! The project's own checks and chores: `cargo xtask tidy`, `cargo xtask ci`.

fn main() {}
