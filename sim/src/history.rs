//! Playing one history.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Fault;
use crate::world::World;

/// What a history came to.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Figures {
    /// Deliveries that were due, or allowed.
    pub deliveries: usize,
    /// Records that were committed.
    pub records: usize,
    /// Those of them that the log dropped, since nobody needed them.
    pub dropped: usize,
    /// How often the hub was killed.
    pub kills: u32,
    /// Every step, a line each.
    pub trace: String,
}

/// What went wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Of which history.
    pub seed: u64,
    /// What an auditor says.
    pub why: String,
    /// The last steps.
    pub steps: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, why, steps } = self;
        write!(
            f,
            "{steps}\n\nhistory {seed}: {why}\nalone: UNS_SEED={seed} cargo nextest run -p sim"
        )
    }
}

impl std::error::Error for Failure {}

/// Plays the history of a seed, with or without a mistake built in.
///
/// # Errors
/// An auditor found something, or something panicked.
pub fn play(seed: u64, fault: Option<Fault>) -> Result<Figures, Failure> {
    let failed = |why, steps| Failure { seed, why, steps };
    let mut world = World::new(seed, fault).map_err(|why| failed(why, String::new()))?;
    // What a panic leaves half done is not looked at again, but for the trace.
    let played = catch_unwind(AssertUnwindSafe(|| world.play()));
    let deliveries = match played.unwrap_or_else(|_| Err("something panicked".to_owned())) {
        Ok(deliveries) => deliveries,
        Err(why) => return Err(failed(why, world.trace.end())),
    };
    let (records, dropped) = world.records();
    let kills = world.kills();
    Ok(Figures { deliveries, records, dropped, kills, trace: world.trace.into_text() })
}
