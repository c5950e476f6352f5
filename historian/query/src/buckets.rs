//! One value per bucket of time.

use historian_aggregate::{State, bucket_start};
use uns_model::Timestamp;
use uns_model::query::{Aggregate, HistorySample};

use crate::error::Error;
use crate::page::{Page, Position, Rows};
use crate::sweep::Sweep;
use crate::tagged::Tagged;

/// A bucket that takes samples: bar and psi are not added up, so each unit has a state of its own.
struct Bucket {
    start: Timestamp,
    end: Timestamp,
    units: Vec<(u16, State)>,
}

impl Bucket {
    fn add(&mut self, Tagged { sample, unit, .. }: &Tagged, config: historian_aggregate::Config) {
        let known = self.units.iter().position(|(known, _)| known == unit);
        let place = known.unwrap_or_else(|| {
            self.units.push((*unit, State::new(config)));
            self.units.len() - 1
        });
        if let Some((_, state)) = self.units.get_mut(place) {
            state.add(sample.time, sample.sequence, &sample.value, sample.quality);
        }
    }

    fn close(self, aggregate: Aggregate, sweep: &Sweep, page: &mut Page) {
        for (unit, state) in self.units {
            let Some(outcome) = state.result(aggregate) else { continue };
            page.push(HistorySample {
                timestamp: self.start,
                value: outcome.value,
                quality: outcome.quality,
                sequence: outcome.sequence,
                unit: sweep.unit(unit),
            });
        }
    }
}

pub(crate) fn bucketed(
    sweep: &mut Sweep,
    from: Position,
    (aggregate, width): (Aggregate, i64),
    (limit, config): (usize, historian_aggregate::Config),
) -> Result<Rows, Error> {
    let mut page = Page::new(limit);
    let mut open: Option<Bucket> = None;
    while let Some(batch) = sweep.next_batch()? {
        for tagged in batch {
            let time = tagged.sample.time;
            if open.as_ref().is_none_or(|bucket| time >= bucket.end) {
                if let Some(done) = open.take() {
                    done.close(aggregate, sweep, &mut page);
                }
                let start = bucket_start(time, width);
                if page.is_full() {
                    // Pages end where buckets do; the first one may begin inside.
                    let time = start.max(from.time);
                    return Ok((page.samples, Some(Position { time, skip: 0, ..from })));
                }
                let end = historian_aggregate::bucket_end(start, width);
                open = Some(Bucket { start, end, units: Vec::new() });
            }
            if let Some(bucket) = &mut open {
                bucket.add(&tagged, config);
            }
        }
    }
    if let Some(done) = open {
        done.close(aggregate, sweep, &mut page);
    }
    Ok((page.samples, None))
}
