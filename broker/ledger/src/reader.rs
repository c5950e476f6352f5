//! Reads the log for sessions that lag, on a thread of its own, so that the disk does not delay the fold.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use fabric::follow::Handle;
use fabric::{GiveBack, Log, Tail, TailItem};
use uns_model::{Sequence, SessionNo};

use crate::Error;

/// The most tails that are open at once. Each may hold a read buffer.
const TAILS_MAX: usize = 16;
/// The most records that a tail skips. Beyond that, opening another tail is cheaper.
const SKIP_MAX: u64 = 1 << 19;
/// The most items in one answer.
const ITEMS_MAX: usize = 256;
/// An answer ends once it has this many bytes.
const BYTES_MAX: usize = 4 << 20;

/// Tails that were not used for this time are closed.
const IDLE: Duration = Duration::from_secs(5);

const NAME: &str = "sessions-reader";

/// What to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Request {
    /// The first record.
    pub(crate) from: Sequence,
    /// The last record that is needed.
    pub(crate) until: Sequence,
    /// The session that needs it.
    pub(crate) session: SessionNo,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) request: Request,
    /// What was read, also before an error.
    pub(crate) items: Vec<TailItem>,
    pub(crate) error: Option<fabric::Error>,
}

/// The handle of the thread. One request is under way at a time.
pub(crate) struct Reader {
    requests: Option<SyncSender<Request>>,
    answers: Receiver<Answer>,
    busy: bool,
    thread: Option<JoinHandle<()>>,
    /// Replaces the thread in simulations.
    inline: Option<(Tails, SyncSender<Answer>)>,
}

impl Reader {
    /// Starts the thread. It wakes the follower for each answer.
    pub(crate) fn start(
        log: Arc<dyn Log>,
        following: Arc<Handle>,
        memory: Arc<GiveBack>,
    ) -> Result<Self, Error> {
        let (requests, wanted) = sync_channel::<Request>(1);
        let (done, answers) = sync_channel(1);
        let thread = Builder::new().name(NAME.to_owned()).spawn(move || {
            let mut tails = Tails { log, open: Vec::new(), clock: 0 };
            loop {
                memory.if_asked();
                match wanted.recv_timeout(IDLE) {
                    Ok(request) => {
                        if done.send(tails.read(request)).is_err() {
                            return;
                        }
                        following.wake();
                    }
                    // An open file would keep the space of a segment that retention has removed.
                    Err(RecvTimeoutError::Timeout) => tails.open.clear(),
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        let thread = thread.map_err(|source| Error::Thread { name: NAME, source })?;
        let requests = Some(requests);
        Ok(Self { requests, answers, busy: false, thread: Some(thread), inline: None })
    }

    /// A reader that reads on the thread of the caller.
    pub(crate) fn without_thread(log: Arc<dyn Log>) -> Self {
        let (done, answers) = sync_channel(1);
        let inline = Some((Tails { log, open: Vec::new(), clock: 0 }, done));
        Self { requests: None, answers, busy: false, thread: None, inline }
    }

    /// Whether no request is under way.
    pub(crate) fn is_idle(&self) -> bool {
        !self.busy
    }

    pub(crate) fn request(&mut self, request: Request) {
        if let Some((tails, done)) = &mut self.inline {
            done.try_send(tails.read(request)).expect("an idle reader has room");
        } else {
            let requests = self.requests.as_ref().expect("they are there until it is dropped");
            requests.try_send(request).expect("an idle reader has room and lives");
        }
        self.busy = true;
    }

    /// The answer, once it is there.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        match self.answers.try_recv() {
            Ok(answer) => {
                self.busy = false;
                Some(answer)
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.requests = None;
        // The thread can send its last answer, because the channel has room for it.
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the reader of lagging sessions has panicked");
        }
    }
}

struct Tails {
    log: Arc<dyn Log>,
    open: Vec<Open>,
    clock: u64,
}

struct Open {
    tail: Box<dyn Tail>,
    /// Everything up to here was read.
    at: Sequence,
    used: u64,
}

impl Tails {
    fn read(&mut self, request: Request) -> Answer {
        let open = self.tail_for(request.from);
        let (mut items, mut bytes, mut error) = (Vec::new(), 0, None);
        while items.len() < ITEMS_MAX && bytes < BYTES_MAX && open.at < request.until {
            match open.tail.next() {
                Ok(None) => break,
                Ok(Some(item)) => {
                    let last = match &item {
                        TailItem::Frame(frame) => frame.last(),
                        TailItem::Gap { until, .. } => *until,
                    };
                    open.at = last;
                    if last < request.from {
                        continue;
                    }
                    if let TailItem::Frame(frame) = &item {
                        bytes += frame.bytes().len();
                    }
                    items.push(item);
                }
                Err(failed) => {
                    error = Some(failed);
                    break;
                }
            }
        }
        Answer { request, items, error }
    }

    /// The open tail that is closest before a record, or a new one at that record.
    fn tail_for(&mut self, from: Sequence) -> &mut Open {
        self.clock += 1;
        let near = |open: &Open| open.at < from && from.0 - open.at.0 <= SKIP_MAX;
        let best = self.open.iter().enumerate().filter(|(_, open)| near(open));
        let best = best.max_by_key(|(_, open)| open.at).map(|(place, _)| place);
        let place = best.unwrap_or_else(|| {
            if self.open.len() >= TAILS_MAX {
                let oldest = self.open.iter().enumerate().min_by_key(|(_, open)| open.used);
                let oldest = oldest.map_or(0, |(place, _)| place);
                self.open.swap_remove(oldest);
            }
            let at = Sequence(from.0.saturating_sub(1));
            self.open.push(Open { tail: self.log.tail(at), at, used: 0 });
            self.open.len() - 1
        });
        let open = &mut self.open[place];
        open.used = self.clock;
        open
    }
}
