//! The one thread that writes: group commit.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::BytesMut;
use fabric::{Commit, Error as LogError, Frame, FrameBuilder, OnCommit};

use super::inner::Shared;
use super::queue::Pending;
use super::writer::{WriteError, WriterState};
use crate::config::FRAME_BYTES;

/// Room for a frame's header and padding.
const FRAME_ROOM: usize = 64;

/// One batch of the frame being committed.
struct Member {
    commit: Commit,
    on_commit: Option<OnCommit>,
    records: usize,
}

pub(super) struct Appender {
    shared: Arc<Shared>,
    state: WriterState,
    taken: VecDeque<Pending>,
    members: Vec<Member>,
    spare: Option<BytesMut>,
    /// Something was written since the last clean end.
    dirty: bool,
}

impl Appender {
    pub(super) fn new(shared: Arc<Shared>, state: WriterState) -> Self {
        let (taken, members) = (VecDeque::new(), Vec::new());
        Self { shared, state, taken, members, spare: None, dirty: false }
    }

    pub(super) fn run(mut self) {
        while !self.taken.is_empty() || self.shared.queue.take(&mut self.taken) {
            self.commit_frame();
        }
        self.finish();
    }

    /// Commits one frame of what waits, without waiting for more; `false` when nothing waited.
    pub(super) fn step(&mut self) -> bool {
        self.shared.queue.top_up(&mut self.taken);
        let waited = !self.taken.is_empty();
        if waited {
            self.commit_frame();
        }
        waited
    }

    /// Commits what is left and marks the clean end.
    pub(super) fn finish(mut self) {
        while self.step() {}
        self.mark_clean_end();
    }

    /// Gathers batches into one frame and makes it durable.
    fn commit_frame(&mut self) {
        let mut cost = 0;
        let mut builder = self.start_frame();
        loop {
            if self.taken.is_empty() {
                self.shared.queue.top_up(&mut self.taken);
            }
            let Some(next) = self.taken.front() else { break };
            let bytes = builder.body_len() + next.batch.bytes_len();
            if builder.body_len() > 0 && bytes > FRAME_BYTES.min(self.shared.limits.batch_bytes) {
                break;
            }
            let Some(Pending { batch, on_commit }) = self.taken.pop_front().inspect(|one| {
                cost += one.cost();
            }) else {
                break;
            };
            let commit = builder.push(&batch);
            self.members.push(Member { commit, on_commit, records: batch.len() });
        }
        self.finish_frame(builder);
        self.shared.queue.release(cost);
    }

    fn start_frame(&mut self) -> FrameBuilder {
        let mut bytes = 0;
        for one in &self.taken {
            bytes += one.batch.bytes_len();
            if bytes >= FRAME_BYTES {
                break;
            }
        }
        let buffer = match self.spare.take() {
            // Frames stay in memory with all their buffer: half of it may be empty at most.
            Some(spare) if bytes * 2 >= spare.capacity() => spare,
            spare => {
                self.spare = spare;
                BytesMut::with_capacity(bytes + FRAME_ROOM)
            }
        };
        let Self { shared, state, .. } = self;
        state.begin_epoch(shared.epoch());
        let clock = &*shared.clock;
        let now = (clock.now(), clock.monotonic());
        state.ingest = shared.ingest_clock.follow((state.last, state.ingest), now);
        FrameBuilder::new(buffer, self.state.next, (self.state.last, self.state.ingest))
    }

    fn finish_frame(&mut self, builder: FrameBuilder) {
        if let Some(reason) = self.shared.read_only.get().cloned() {
            return self.fail(&|| LogError::ReadOnly { reason: Arc::clone(&reason) });
        }
        if builder.records() == 0 {
            self.spare = Some(builder.into_buffer());
            return self.tell();
        }
        let ingest = builder.ingest();
        let frame = builder.finish(self.shared.segments.key);
        match self.state.write(&self.shared.segments, &frame) {
            Ok(()) => {
                self.state.ingest = ingest;
                self.shared.ingest_clock.set_newest(ingest);
                self.shared.trouble.written(&self.shared.segments.dir);
                self.publish(frame);
                self.tell();
            }
            Err(WriteError::Full) => {
                self.shared.set_disk_full(true);
                self.refuse_waiting(&|| LogError::DiskFull);
            }
            Err(WriteError::Refused(reason)) => {
                self.shared.trouble.write_failed(&self.shared.segments.dir, &reason);
                self.refuse_waiting(&|| LogError::CommitFailed { reason: Arc::clone(&reason) });
            }
            Err(WriteError::Failed(reason)) => {
                self.shared.stop_accepting(&reason);
                self.fail(&|| LogError::CommitFailed { reason: Arc::clone(&reason) });
            }
        }
    }

    /// Makes a durable frame visible.
    fn publish(&mut self, frame: Frame) {
        let last = frame.last();
        let totals = &self.shared.counters;
        totals.records.fetch_add(u64::from(frame.header().count), Relaxed);
        totals.frames.fetch_add(1, Relaxed);
        totals.bytes.fetch_add(frame.bytes().len() as u64, Relaxed);
        self.dirty = true;
        self.state.last = last;
        self.state.next = last.next();
        let mut view = self.shared.segments.view.write();
        let wanted = view.wants_next();
        let spare = view.commit(frame, self.state.end);
        let wants = !wanted && view.wants_next();
        drop(view);
        self.spare = spare.or(self.spare.take());
        self.shared.set_committed(last);
        if wants {
            self.shared.segments.keeper.wake();
        }
    }

    fn tell(&mut self) {
        for member in self.members.drain(..) {
            if let Some(on_commit) = member.on_commit {
                on_commit(Ok(member.commit));
            }
        }
    }

    /// Refuses a frame and everything that was queued behind it. A smaller frame of that might still
    /// fit, but it may rest on what was refused: a publish on the record that minted its node.
    fn refuse_waiting(&mut self, error: &dyn Fn() -> LogError) {
        let mut cost = 0;
        self.shared.queue.top_up(&mut self.taken);
        for one in self.taken.drain(..) {
            cost += one.cost();
            let commit = Commit { first: self.state.next, last: self.state.last };
            let Pending { batch, on_commit } = one;
            self.members.push(Member { commit, on_commit, records: batch.len() });
        }
        self.shared.queue.release(cost);
        for member in self.members.drain(..) {
            self.shared.counters.refuse(&error(), member.records, member.on_commit.is_some());
            if let Some(on_commit) = member.on_commit {
                on_commit(Err(Arc::new(error())));
            }
        }
    }

    fn fail(&mut self, error: &dyn Fn() -> LogError) {
        for on_commit in self.members.drain(..).filter_map(|member| member.on_commit) {
            on_commit(Err(Arc::new(error())));
        }
    }

    /// An empty frame after the last one: if that one rots, it cannot pass for a torn tail.
    fn mark_clean_end(&mut self) {
        let room = self.state.active.as_ref().map_or(0, |one| one.bytes - self.state.end);
        if !self.dirty || self.shared.read_only.get().is_some() {
            return;
        }
        let frame = self.start_frame().finish(self.shared.segments.key);
        if room < frame.bytes().len() as u64 {
            return;
        }
        if let Err(WriteError::Failed(reason)) = self.state.write(&self.shared.segments, &frame) {
            tracing::warn!(log = %self.shared.segments.dir.display(), %reason, "no clean end");
        }
    }
}
