//! Samples of a lost file, from the log: what it still holds of the records the file covered.

use fabric::{Log, TailItem};
use historian_segment::SeriesId;
use uns_model::Sequence;

use crate::config::Config;
use crate::covered::{Covered, parse_name};
use crate::error::Error;
use crate::file::Entry;
use crate::health::Counters;
use crate::ingest;
use crate::memory::{Frozen, Memory};
use crate::registry::Of;

/// What the log gave back of a file.
pub(crate) struct Refilled {
    pub(crate) frozen: Frozen,
    /// Parts of the log that are gone: after the first, up to and with the second sequence, and why.
    pub(crate) lost: Vec<(Sequence, Sequence, &'static str)>,
}

/// Reads the log once more for what one file held, and no other file holds.
pub(crate) fn refill(
    (log, config): (&dyn Log, &Config),
    entry: &Entry,
    others: &Covered,
    mut series: impl FnMut(&Of<'_>) -> Option<SeriesId>,
) -> Result<Refilled, Error> {
    let (mut memory, mut lost) = (Memory::default(), Vec::new());
    let Some((level, partition, _)) = parse_name(&entry.name) else {
        let why = "the name of the file does not say what it held";
        return Ok(Refilled {
            frozen: memory.rotate(),
            lost: vec![(entry.after, entry.until, why)],
        });
    };
    let mut counters = Counters::default();
    let mut tail = log.tail(entry.after);
    let mut at = entry.after;
    while at < entry.until {
        match tail.next().map_err(Error::Log)? {
            Some(TailItem::Frame(frame)) => {
                let covered = others.within(frame.first(), frame.last());
                at = frame.last();
                ingest::points(&frame, |point, from| {
                    if from.0 <= entry.after || entry.until < from.0 {
                        return;
                    }
                    let Some(sid) = series(&ingest::of(point, from.1.node)) else { return };
                    let sample = ingest::sample(&mut counters, point, from);
                    if level.of(sample.time) == partition && !covered.holds(from.0, sample.time) {
                        memory.push(sid, &sample, config.block_samples.max(1));
                    }
                });
            }
            Some(TailItem::Gap { after, until, reason }) => {
                at = until;
                lost.push((after, until.min(entry.until), ingest::why_lost(reason)));
            }
            None => {
                lost.push((at, entry.until, "the log ends before these records"));
                break;
            }
        }
    }
    Ok(Refilled { frozen: memory.rotate(), lost })
}
