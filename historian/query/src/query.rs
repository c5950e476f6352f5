//! Running queries: limits, the blocking pool, raw pages and buckets.

use std::sync::Arc;

use historian_store::{Request, Sample, Store, ValueType, View};
use tokio::sync::Semaphore;
use uns_model::query::{Aggregate, HistoryQuery, HistorySample, Nothing};
use uns_model::{Sequence, Timestamp};

use crate::buckets::bucketed;
use crate::ends::Ends;
use crate::error::Error;
use crate::newest::Patience;
use crate::page::{HistoryPage, Page, Position, Rows};
use crate::sweep::{CancelOnDrop, Cancelled, Sweep};
use crate::tagged::Tagged;

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

/// Files in which the newest sample is looked for, where there is none in the range that was asked for.
const NEWEST_FILES_MAX: usize = 32;
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

    /// Waits until what was purged before this call is gone from memory and files, for so long at
    /// most; whether it is.
    pub async fn purged(&self, patience: std::time::Duration) -> bool {
        self.store.purged(patience).await
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
        let cancelled = Cancelled::default();
        // Dropped with this future, when nobody waits for its answer any more.
        let _cancel = CancelOnDrop(cancelled.clone());
        let page = tokio::task::spawn_blocking(move || {
            let page = run(&store, &checked, &cancelled);
            drop(turn);
            page
        });
        page.await.map_err(|_| Error::Interrupted)?
    }

    /// One page of history as it is now, on the calling thread: for simulations, in which nobody
    /// follows the log while somebody waits.
    ///
    /// # Errors
    /// Those of [`Query::history`].
    pub fn history_now(&self, query: HistoryQuery) -> Result<HistoryPage, Error> {
        run(&self.store, &check(query, self.config)?, &Cancelled::default())
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

fn run(store: &Arc<Store>, checked: &Checked, cancelled: &Cancelled) -> Result<HistoryPage, Error> {
    let Checked { query, from, buckets, config } = checked;
    let mut request = Request {
        org: query.org,
        topic: &query.topic,
        field: query.field.as_deref(),
        start: from.map_or(query.start, |from| from.time),
        end: from.map_or(query.end, |from| from.end),
    };
    let read_max = config.read_samples_max;
    let anywhere = Patience { cancelled, read_max, files_max: usize::MAX };
    // Only where something was taken in ahead of the clock the series is looked through for that. The
    // end is that of its own newest sample: the newest of all would tell of other topics.
    if from.is_none() && query.until_newest && store.newest() >= request.end {
        let later = Request { start: request.end, end: Timestamp(i64::MAX), ..request };
        let newest = newest(store, &later, &anywhere)?
            .map_or(request.end, |at| Timestamp(at.0.saturating_add(1)));
        request.end = request.end.max(newest);
    }
    let unknown = || Error::NodeUnknown { topic: query.topic.clone() };
    let view = store.view(&request).ok_or_else(unknown)?;
    if let Some((aggregate, _)) = buckets {
        check_type(query, *aggregate, &view)?;
    }
    let fields = view.fields.clone();
    let as_of = from.map_or(view.applied, |from| from.as_of);
    let first = Position { time: request.start, skip: 0, as_of, end: request.end };
    let from = from.unwrap_or(first);
    let open = !view.enders.is_empty() && is_open(store, &request, as_of, &anywhere)?;
    let ends = Ends::new(&view, open);
    let mut sweep = Sweep::new((view, ends), as_of, read_max, cancelled.clone());
    let (samples, next) = match buckets {
        None => raw(&mut sweep, from, query.limit)?,
        Some(buckets) => bucketed(&mut sweep, from, *buckets, (query.limit, config.aggregate))?,
    };
    let next = next.map(|next| next.token(query));
    let nothing = match (samples.is_empty(), fields.is_empty()) {
        (false, _) => None,
        (true, false) => Some(Nothing::NoField(fields)),
        (true, true) => {
            let (start, end) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
            // It only helps whoever asked for the wrong time: in a few files or not at all.
            let nearby = Patience { files_max: NEWEST_FILES_MAX, ..anywhere };
            Some(Nothing::NotThen(newest(store, &Request { start, end, ..request }, &nearby)?))
        }
    };
    Ok(HistoryPage { samples, next, gaps: sweep.into_gaps(), nothing })
}

/// Whether a field that may have ended goes on where the request begins.
fn is_open(
    store: &Arc<Store>,
    request: &Request<'_>,
    as_of: Sequence,
    patience: &Patience<'_>,
) -> Result<bool, Error> {
    let (start, end) = (Timestamp(i64::MIN), request.start);
    let view = store.view(&Request { start, end, ..*request });
    view.map_or(Ok(false), |mut view| patience.is_open(&mut view, as_of))
}

/// When the newest sample of a request is.
fn newest(
    store: &Arc<Store>,
    request: &Request<'_>,
    patience: &Patience<'_>,
) -> Result<Option<Timestamp>, Error> {
    store.view(request).map_or(Ok(None), |mut view| patience.newest(&mut view))
}

/// Refuses to compute with what no number is.
fn check_type(query: &HistoryQuery, aggregate: Aggregate, view: &View) -> Result<(), Error> {
    let computes = match aggregate {
        Aggregate::Avg | Aggregate::Min | Aggregate::Max | Aggregate::Sum => true,
        Aggregate::Count | Aggregate::First | Aggregate::Last => false,
    };
    let is_number = |of: &ValueType| matches!(of, ValueType::Number | ValueType::Bool);
    let mut types = view.kinds.iter().map(|(_, of, _)| of);
    match types.clone().next_back() {
        Some(of) if computes && !types.any(is_number) => {
            let (topic, field) = (query.topic.clone(), query.field.clone());
            Err(Error::NotNumbers { topic, field, of: of.name() })
        }
        _ => Ok(()),
    }
}

fn raw(sweep: &mut Sweep, from: Position, limit: usize) -> Result<Rows, Error> {
    let mut page = Page::new(limit);
    let mut position = from;
    let mut skip = from.skip;
    while let Some(batch) = sweep.next_batch()? {
        for Tagged { sample, unit, .. } in batch {
            if skip > 0 && sample.time == from.time {
                skip -= 1;
                continue;
            }
            if page.is_full() {
                return Ok((page.samples, Some(position)));
            }
            let before = if sample.time == position.time { position.skip } else { 0 };
            position = Position { time: sample.time, skip: before + 1, ..from };
            page.push(row(sample, sweep.unit(unit)));
        }
    }
    Ok((page.samples, None))
}

fn row(sample: Sample, unit: Option<Arc<str>>) -> HistorySample {
    let Sample { time, value, quality, sequence, .. } = sample;
    HistorySample { timestamp: time, value, quality, sequence, unit }
}
