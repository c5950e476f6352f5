//! Running queries: limits, the blocking pool, raw pages and buckets.

use std::sync::Arc;

use historian_aggregate::{Aggregate, State, bucket_start};
use historian_store::{Request, Sample, Store};
use tokio::sync::Semaphore;
use uns_model::Timestamp;

use crate::error::Error;
use crate::page::{HistoryPage, HistoryQuery, HistorySample, Position};
use crate::sweep::Sweep;

/// Limits of queries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// The most samples or buckets of one page.
    pub limit_max: usize,
    /// The most samples one query reads from memory and files.
    pub read_samples_max: usize,
    /// Queries running at a time; the others wait their turn.
    pub concurrent_max: usize,
    /// Which samples count in aggregates, and when a bucket is Good.
    pub aggregate: historian_aggregate::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limit_max: 100_000,
            read_samples_max: 100_000_000,
            concurrent_max: 4,
            aggregate: historian_aggregate::Config::default(),
        }
    }
}

const BUCKET_NANOS_MIN: i64 = 1_000_000;
const BUCKET_NANOS_MAX: i64 = 100 * 366 * 86_400 * 1_000_000_000;

/// The door to stored samples; clones share their limits.
#[derive(Clone, Debug)]
pub struct Query {
    store: Arc<Store>,
    turns: Arc<Semaphore>,
    config: Config,
}

/// A query that makes sense.
struct Checked {
    query: HistoryQuery,
    /// Where the page before ended; on the first page there is none.
    from: Option<Position>,
    buckets: Option<(Aggregate, i64)>,
    config: Config,
}

impl Query {
    /// Reads this store.
    pub fn new(store: Arc<Store>, config: Config) -> Self {
        let turns = Arc::new(Semaphore::new(config.concurrent_max.max(1)));
        Self { store, turns, config }
    }

    /// Waits until everything committed before this call can be queried.
    pub async fn caught_up(&self) {
        self.store.caught_up().await;
    }

    /// When the newest record was taken in; it may be ahead of the clock.
    pub fn newest(&self) -> Timestamp {
        self.store.newest()
    }

    /// One page of history that includes everything committed before this call.
    ///
    /// # Errors
    /// A query that makes no sense or is too large is refused before or while it runs.
    pub async fn history(&self, query: HistoryQuery) -> Result<HistoryPage, Error> {
        let checked = check(query, self.config)?;
        self.store.caught_up().await;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| Error::Interrupted)?;
        let store = Arc::clone(&self.store);
        let page = tokio::task::spawn_blocking(move || {
            let page = run(&store, &checked);
            drop(turn);
            page
        });
        page.await.map_err(|_| Error::Interrupted)?
    }
}

fn check(query: HistoryQuery, config: Config) -> Result<Checked, Error> {
    if query.start >= query.end {
        return Err(Error::EmptyRange);
    }
    if query.limit == 0 || query.limit > config.limit_max {
        return Err(Error::Limit { max: config.limit_max });
    }
    let buckets = match (query.aggregate, query.bucket) {
        (None, None) => None,
        (Some(aggregate), Some(bucket)) => {
            let width = i64::try_from(bucket.as_nanos()).unwrap_or(i64::MAX);
            if !(BUCKET_NANOS_MIN..=BUCKET_NANOS_MAX).contains(&width) {
                return Err(Error::Bucket { bucket });
            }
            Some((aggregate, width))
        }
        _ => return Err(Error::HalfAnAggregate),
    };
    let after = query.after.as_deref();
    let from = after.map(|token| Position::parse(token, &query)).transpose()?;
    if from.is_some_and(|from| from.time >= from.end) {
        return Err(Error::After);
    }
    Ok(Checked { query, from, buckets, config })
}

fn run(store: &Arc<Store>, checked: &Checked) -> Result<HistoryPage, Error> {
    let Checked { query, from, buckets, config } = checked;
    let request = Request {
        org: query.org,
        topic: &query.topic,
        field: query.field.as_deref(),
        start: from.map_or(query.start, |from| from.time),
        end: from.map_or(query.end, |from| from.end),
    };
    let unknown = || Error::NodeUnknown { topic: query.topic.clone() };
    let view = store.view(&request).ok_or_else(unknown)?;
    let as_of = from.map_or(view.applied, |from| from.as_of);
    let first = Position { time: request.start, skip: 0, as_of, end: request.end };
    let from = from.unwrap_or(first);
    let mut sweep = Sweep::new(view, as_of, config.read_samples_max);
    let (samples, next) = match buckets {
        None => raw(&mut sweep, from, query.limit)?,
        Some(buckets) => bucketed(&mut sweep, from, *buckets, (query.limit, config.aggregate))?,
    };
    let next = next.map(|next| next.token(query));
    Ok(HistoryPage { samples, next, gaps: sweep.into_gaps() })
}

type Rows = (Vec<HistorySample>, Option<Position>);

fn raw(sweep: &mut Sweep, from: Position, limit: usize) -> Result<Rows, Error> {
    let mut samples: Vec<HistorySample> = Vec::new();
    let mut position = from;
    let mut skip = from.skip;
    while let Some(batch) = sweep.next_batch()? {
        for sample in batch {
            if skip > 0 && sample.time == from.time {
                skip -= 1;
                continue;
            }
            if samples.len() == limit {
                return Ok((samples, Some(position)));
            }
            let before = if sample.time == position.time { position.skip } else { 0 };
            position = Position { time: sample.time, skip: before + 1, ..from };
            samples.push(row(sample));
        }
    }
    Ok((samples, None))
}

fn row(sample: Sample) -> HistorySample {
    let Sample { time, value, quality, sequence, .. } = sample;
    HistorySample { timestamp: time, value, quality, sequence }
}

fn bucketed(
    sweep: &mut Sweep,
    from: Position,
    (aggregate, width): (Aggregate, i64),
    (limit, config): (usize, historian_aggregate::Config),
) -> Result<Rows, Error> {
    let mut buckets = Vec::new();
    let mut open: Option<(Timestamp, Timestamp, State)> = None;
    while let Some(batch) = sweep.next_batch()? {
        for sample in batch {
            match &mut open {
                Some((_, end, state)) if sample.time < *end => {
                    state.add(sample.time, sample.sequence, &sample.value, sample.quality);
                }
                _ => {
                    buckets.extend(open.take().and_then(|done| close(&done, aggregate)));
                    let start = bucket_start(sample.time, width);
                    if buckets.len() == limit {
                        // Pages end where buckets do; the first one may begin inside.
                        let time = start.max(from.time);
                        return Ok((buckets, Some(Position { time, skip: 0, ..from })));
                    }
                    let mut state = State::new(config);
                    state.add(sample.time, sample.sequence, &sample.value, sample.quality);
                    open = Some((start, historian_aggregate::bucket_end(start, width), state));
                }
            }
        }
    }
    buckets.extend(open.and_then(|done| close(&done, aggregate)));
    Ok((buckets, None))
}

fn close(
    (start, _, state): &(Timestamp, Timestamp, State),
    aggregate: Aggregate,
) -> Option<HistorySample> {
    let outcome = state.result(aggregate)?;
    Some(HistorySample {
        timestamp: *start,
        value: outcome.value,
        quality: outcome.quality,
        sequence: outcome.sequence,
    })
}
