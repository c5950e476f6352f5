//! A log in memory, for tests of the layers above.

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::BytesMut;
use tokio::sync::watch;
use uns_model::{Sequence, Timestamp};

use crate::{
    Batch, Commit, Counters, Error, Frame, FrameBuilder, FrameKey, GapReason, Health, Hold, Log,
    OnCommit, Tail, TailItem, ends_epoch, epoch_after,
};

/// A [`Log`] that commits each batch as it comes, unless [`SimLog::pause`] holds commits back.
#[derive(Debug)]
pub struct SimLog {
    state: Arc<Mutex<State>>,
    committed: watch::Sender<Sequence>,
}

struct State {
    frames: Vec<Frame>,
    waiting: Vec<(Batch, Option<OnCommit>)>,
    paused: bool,
    disk_full: bool,
    unreadable: bool,
    last: Sequence,
    next: Sequence,
    ingest: Timestamp,
    /// Records up to here are gone.
    dropped: Sequence,
    holds: Vec<Hold>,
    counters: Counters,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("frames", &self.frames).finish_non_exhaustive()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no holder of this lock panics")
}

impl Default for SimLog {
    fn default() -> Self {
        Self::new()
    }
}

impl SimLog {
    /// An empty log.
    pub fn new() -> Self {
        let state = State {
            frames: Vec::new(),
            waiting: Vec::new(),
            paused: false,
            disk_full: false,
            unreadable: false,
            last: Sequence::ZERO,
            next: Sequence(1),
            ingest: Timestamp::default(),
            dropped: Sequence::ZERO,
            holds: Vec::new(),
            counters: Counters::default(),
        };
        Self { state: Arc::new(Mutex::new(state)), committed: watch::Sender::new(Sequence::ZERO) }
    }

    /// Holds commits back until [`SimLog::resume`].
    pub fn pause(&self) {
        lock(&self.state).paused = true;
    }

    /// Commits what waits, in one frame each, and goes on.
    pub fn resume(&self) {
        lock(&self.state).paused = false;
        self.commit_some(usize::MAX);
    }

    /// Commits the first batch that [`SimLog::pause`] holds back, and goes on holding the others.
    pub fn commit_first(&self) {
        self.commit_some(1);
    }

    /// How many batches it holds back.
    pub fn waiting(&self) -> usize {
        lock(&self.state).waiting.len()
    }

    /// Lets the disk be full, or no longer.
    pub fn set_disk_full(&self, full: bool) {
        lock(&self.state).disk_full = full;
    }

    /// Lets its tails fail to read, or no longer.
    pub fn set_unreadable(&self, unreadable: bool) {
        lock(&self.state).unreadable = unreadable;
    }

    /// Drops what retention would: the frames that end at or before `until`.
    pub fn drop_until(&self, until: Sequence) {
        let mut state = lock(&self.state);
        let kept = state.frames.partition_point(|frame| frame.last() <= until);
        let dropped = state.frames.drain(..kept).next_back();
        if let Some(frame) = dropped {
            state.dropped = frame.last();
        }
    }

    /// Jumps ahead, as a log does at every restart.
    pub fn restart(&self) {
        lock(&self.state).next.0 += 65_536;
    }

    /// Loses what [`SimLog::pause`] held back, as kill -9 does; nobody is told.
    pub fn lose_uncommitted(&self) {
        lock(&self.state).waiting.clear();
    }

    fn commit_some(&self, batches: usize) {
        let mut told = Vec::new();
        {
            // Stored under one lock, so that batches keep their order; told without it, so that a
            // callback may append.
            let mut state = lock(&self.state);
            let batches = batches.min(state.waiting.len());
            let first: Vec<_> = state.waiting.drain(..batches).collect();
            for (batch, on_commit) in first {
                let commit = state.store(&batch);
                told.extend(on_commit.map(|on_commit| (on_commit, commit)));
            }
            self.committed.send_replace(state.last);
        }
        for (on_commit, commit) in told {
            on_commit(Ok(commit));
        }
    }
}

impl State {
    fn store(&mut self, batch: &Batch) -> Commit {
        if batch.is_empty() {
            return Commit { first: self.last.next(), last: self.last };
        }
        let mut builder = FrameBuilder::new(BytesMut::new(), self.next, (self.last, self.ingest));
        let commit = builder.push(batch);
        self.ingest = builder.ingest();
        let frame = builder.finish(FrameKey(0));
        self.counters.frames += 1;
        self.counters.records += batch.len() as u64;
        self.counters.bytes += frame.bytes().len() as u64;
        self.frames.push(frame);
        self.last = commit.last;
        self.next = commit.last.next();
        commit
    }
}

impl Log for SimLog {
    fn append(&self, batch: Batch, on_commit: Option<OnCommit>) -> Result<(), Error> {
        let paused = {
            let mut state = lock(&self.state);
            if state.disk_full && on_commit.is_none() {
                state.counters.dropped_records += batch.len() as u64;
                return Ok(());
            }
            if state.disk_full {
                state.counters.refused_disk_full += 1;
                return Err(Error::DiskFull);
            }
            state.waiting.push((batch, on_commit));
            state.paused
        };
        if !paused {
            self.commit_some(usize::MAX);
        }
        Ok(())
    }

    fn committed(&self) -> Sequence {
        *self.committed.borrow()
    }

    fn oldest(&self) -> Sequence {
        let state = lock(&self.state);
        state.frames.first().map_or(state.next, Frame::first)
    }

    fn watch(&self) -> watch::Receiver<Sequence> {
        self.committed.subscribe()
    }

    fn tail(&self, after: Sequence) -> Box<dyn Tail> {
        Box::new(SimTail { state: Arc::clone(&self.state), at: after })
    }

    fn hold(&self, name: &str, at: Sequence) {
        let holds = &mut lock(&self.state).holds;
        match holds.iter_mut().find(|hold| hold.name == name) {
            Some(hold) => hold.at = at,
            None => holds.push(Hold { name: name.to_owned(), at }),
        }
    }

    fn begin_after(&self, _fold: &str, at: Sequence) {
        let mut state = lock(&self.state);
        if at > state.last {
            state.last = epoch_after(at);
            state.next = state.last.next();
            self.committed.send_replace(state.last);
        }
    }

    fn health(&self) -> Health {
        let state = lock(&self.state);
        Health {
            disk_full: state.disk_full,
            committed: state.last,
            oldest: state.frames.first().map_or(state.next, Frame::first),
            holds: state.holds.clone(),
            counters: state.counters,
            ..Health::default()
        }
    }
}

struct SimTail {
    state: Arc<Mutex<State>>,
    at: Sequence,
}

impl Tail for SimTail {
    fn next(&mut self) -> Result<Option<TailItem>, Error> {
        let state = lock(&self.state);
        if state.unreadable {
            let source = std::io::Error::other("the simulated log is unreadable");
            return Err(Error::Read { path: "simulated".into(), source });
        }
        if self.at < state.dropped {
            let (after, until) = (self.at, state.dropped);
            self.at = until;
            return Ok(Some(TailItem::Gap { after, until, reason: GapReason::Retention }));
        }
        let position = state.frames.partition_point(|frame| frame.last() <= self.at);
        let frame = state.frames.get(position);
        let before = frame.map_or(state.last, |frame| frame.header().previous);
        if before > self.at && ends_epoch(before) {
            let after = std::mem::replace(&mut self.at, before);
            return Ok(Some(TailItem::Gap { after, until: before, reason: GapReason::Lost }));
        }
        let Some(frame) = frame else { return Ok(None) };
        let frame = frame.clone().after(self.at);
        self.at = frame.last();
        Ok(Some(TailItem::Frame(frame)))
    }
}
