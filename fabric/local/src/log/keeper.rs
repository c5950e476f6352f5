//! The thread that prepares segments, drops old ones, waits for space and looks for damage.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use fabric::{Tail, TailItem};
use uns_model::{Sequence, Timestamp};

use super::inner::Shared;
use super::retention_clock::RetentionClock;
use super::tail::LocalTail;

/// How long the keeper rests between pieces of background work.
const PACE: Duration = Duration::from_millis(5);
/// How soon what readers have passed since the last commit is let go.
const RELEASE: Duration = Duration::from_secs(1);
/// Bytes checked for damage between two rests.
const CHECK_BYTES: usize = 1 << 20;

pub(super) struct Keeper {
    shared: Arc<Shared>,
    opened: Duration,
    time: RetentionClock,
    /// Reads what is stored, until it reaches what was committed when the log was opened.
    check: Option<LocalTail>,
    check_until: Sequence,
}

impl Keeper {
    /// Of a log to which nothing is written yet: the first record that is may have a wrong time.
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let check_until = shared.committed();
        let check = Some(LocalTail::from_disk(Arc::clone(&shared)));
        let opened = shared.clock.monotonic();
        let segments = shared.segments.view.read().segments().clone();
        let ends = segments.iter().skip(1).map(|next| next.previous_ingest);
        // Those with a damaged header do not say when the one before them ended.
        let ends = ends.filter(|end| (1..i64::MAX).contains(&end.0));
        let ends = ends.chain(shared.ingest_clock.newest());
        let keep = shared.config.retention_age.unwrap_or_default();
        let time = RetentionClock::new(ends, keep, (shared.clock.now(), opened));
        Self { shared, opened, time, check, check_until }
    }

    pub(super) fn run(mut self) {
        loop {
            let rest = self.turn();
            if !self.shared.segments.keeper.wait(rest) {
                return;
            }
        }
    }

    /// One turn; how long to rest before the next.
    pub(super) fn turn(&mut self) -> Duration {
        if self.retention_is_due() {
            let clock = &self.shared.clock;
            let now = self.time.now((clock.now(), clock.monotonic()));
            while self.drop_oldest(now) {}
        }
        self.prepare();
        let busy = self.shared.segments.fill_with_zeros() | self.look_for_damage();
        let more = self.release();
        match () {
            () if busy => PACE,
            () if self.shared.is_disk_full() => self.shared.config.retry_interval,
            () if more => self.shared.config.retention_interval.min(RELEASE),
            () => self.shared.config.retention_interval,
        }
    }

    /// Lets go of memory that is kept for nobody; whether somebody still needs some.
    fn release(&self) -> bool {
        if !self.shared.segments.view.read().has_passed() {
            return false;
        }
        let mut view = self.shared.segments.view.write();
        let spare = view.drop_passed();
        let more = view.has_passed();
        drop(view);
        drop(spare);
        more
    }

    fn retention_is_due(&self) -> bool {
        let open_for = self.shared.clock.monotonic().saturating_sub(self.opened);
        open_for >= self.shared.config.retention_grace
    }

    /// Drops the oldest segment when it may go; `true` when it did.
    fn drop_oldest(&self, now: Timestamp) -> bool {
        let shared = &self.shared;
        let (oldest, last, last_ingest, bytes) = {
            let view = shared.segments.view.read();
            let mut segments = view.segments().iter();
            let (Some(oldest), Some(next)) = (segments.next(), segments.next()) else {
                shared.alarms.lock().clear();
                return false;
            };
            // The first of the later times that is old decides: what was written while the clock was
            // ahead has no age of its own.
            let later = segments.map(|one| one.previous_ingest).chain([next.previous_ingest]);
            let ingest = later.min().unwrap_or(next.previous_ingest);
            (Arc::clone(oldest), next.previous, ingest, view.bytes())
        };
        let large = bytes > shared.limits.retention_bytes;
        if !large && !self.is_old(last_ingest, now) {
            shared.alarms.lock().clear();
            return false;
        }
        let mut alarms = Vec::new();
        if let Some((name, at)) = shared.lowest_hold().filter(|(_, at)| *at < last) {
            let lost = bytes > shared.limits.hold_bytes;
            if large {
                let loses = if lost { "and loses records" } else { "beyond its limit" };
                alarms.push(format!(
                    "{name} holds {bytes} bytes since sequence {at} {loses}: see what is wrong with it \
                     beside this, or raise log.keep_percent"
                ));
            }
            if !lost {
                shared.alarms.lock().clone_from(&alarms);
                return false;
            }
            tracing::error!(log = %shared.segments.dir.display(), consumer = name, at = at.0,
                until = last.0, "a consumer is too far behind and loses records");
        }
        *shared.alarms.lock() = alarms;
        shared.segments.view.write().drop_oldest();
        let removed = shared.segments.disk.remove(&oldest.path);
        if let Err(error) =
            removed.and_then(|()| shared.segments.disk.sync_dir(&shared.segments.dir))
        {
            // It is found again at the next start.
            tracing::warn!(path = %oldest.path.display(), %error, "cannot remove a segment");
        }
        shared.counters.segments_removed.fetch_add(1, Relaxed);
        true
    }

    fn is_old(&self, ingest: Timestamp, now: Timestamp) -> bool {
        let Some(age) = self.shared.config.retention_age else { return false };
        let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
        now.0.saturating_sub(ingest.0) > age
    }

    /// Reserves the next segment when it is wanted, which is also the test for returned space.
    fn prepare(&self) {
        let (shared, segments) = (&self.shared, &self.shared.segments);
        if segments.prepare(|| shared.is_disk_full() || segments.view.read().wants_next()) {
            shared.set_disk_full(false);
        }
    }

    /// Reads a little of what was stored before this start; `true` when there is more to do.
    fn look_for_damage(&mut self) -> bool {
        let Some(tail) = &mut self.check else { return false };
        let mut checked = 0;
        while checked < CHECK_BYTES {
            let done = match tail.next() {
                Ok(Some(TailItem::Frame(frame))) => {
                    checked += frame.bytes().len();
                    tail.at() >= self.check_until
                }
                Ok(item) => item.is_none() || tail.at() >= self.check_until,
                Err(error) => {
                    // For lack of a descriptor, perhaps: it goes on from here with the next rest.
                    tracing::error!(log = %self.shared.segments.dir.display(), %error, "cannot check");
                    return false;
                }
            };
            if done {
                self.check = None;
                return false;
            }
        }
        true
    }
}
