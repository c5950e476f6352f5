//! The range a number of the configuration may be in.

use std::fmt::Display;

use anyhow::{Result, bail};

/// Refuses a value that is out of range; the error names its key and the range.
pub(super) fn within<T: Copy + PartialOrd + Display>(
    key: &str,
    value: T,
    low: T,
    high: T,
) -> Result<()> {
    if value < low || value > high {
        bail!("{key} = {value} is out of range; it takes {low} to {high}");
    }
    Ok(())
}
