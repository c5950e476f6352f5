//! What the dispatcher has for one subscription: a bounded queue, or a fold of the newest.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use hub_kit::Caller;
use parking_lot::Mutex;
use schemas::ws::Mode;
use tokio::sync::Notify;
use uns_model::{Coverage, Filter, Sequence, TopicId};

use crate::item::Item;
use crate::latest::Fold;

/// Verdicts about topics that are kept for a caller who may not read all of them.
const VERDICTS_MAX: usize = 4_096;

/// One subscription that is up to date.
#[derive(Debug)]
pub(crate) struct Inbox {
    mode: Mode,
    bytes_max: usize,
    waiting: Mutex<Waiting>,
    /// Of its connection.
    wake: Arc<Notify>,
}

#[derive(Debug)]
struct Waiting {
    rights: Rights,
    queue: VecDeque<Arc<Item>>,
    bytes: usize,
    latest: Fold,
    /// It got more than it may hold and reads the log itself from here on.
    left: Option<Sequence>,
}

/// What was waiting.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// In order, for a subscription to every sample.
    pub(crate) items: Vec<Arc<Item>>,
    /// For one to the latest, with how many were replaced.
    pub(crate) latest: (Vec<Arc<Item>>, u64),
    /// There is more at once.
    pub(crate) more: bool,
    /// Where the subscription has to go on by itself.
    pub(crate) left: Option<Sequence>,
}

impl Inbox {
    pub(crate) fn new(
        (mode, bytes_max): (Mode, usize),
        (filter, caller): (&Filter, &Caller),
        wake: &Arc<Notify>,
    ) -> Arc<Self> {
        let rights = Rights::new(filter.clone(), caller.clone());
        let waiting = Mutex::new(Waiting {
            rights,
            queue: VecDeque::new(),
            bytes: 0,
            latest: Fold::default(),
            left: None,
        });
        Arc::new(Self { mode, bytes_max, waiting, wake: Arc::clone(wake) })
    }

    /// Takes in a record; `false` if the subscription has left.
    pub(crate) fn push(&self, item: &Arc<Item>) -> bool {
        let mut waiting = self.waiting.lock();
        if waiting.left.is_some() {
            return false;
        }
        if !waiting.rights.allow(item.id, &item.topic) {
            return true;
        }
        let bytes = waiting.bytes + waiting.latest.bytes();
        if bytes > 0 && bytes + item.bytes() > self.bytes_max {
            waiting.left = Some(Sequence(item.sequence.0 - 1));
            self.wake.notify_one();
            return false;
        }
        let first = bytes == 0;
        match self.mode {
            Mode::Latest => waiting.latest.push(Arc::clone(item)),
            Mode::Every => {
                waiting.bytes += item.bytes();
                waiting.queue.push_back(Arc::clone(item));
            }
        }
        if first {
            self.wake.notify_one();
        }
        true
    }

    /// The dispatcher stops here; what follows the sequence is the subscription's own to read.
    pub(crate) fn leave(&self, at: Sequence) {
        self.waiting.lock().left.get_or_insert(at);
        self.wake.notify_one();
    }

    pub(crate) fn is_empty(&self) -> bool {
        let waiting = self.waiting.lock();
        waiting.queue.is_empty() && waiting.latest.is_empty() && waiting.left.is_none()
    }

    /// Hands out what waits, of a queue about so many bytes.
    pub(crate) fn take(&self, bytes_max: usize) -> Taken {
        let mut waiting = self.waiting.lock();
        let mut taken = Taken { latest: waiting.latest.take(), ..Taken::default() };
        let mut bytes = 0;
        while bytes < bytes_max
            && let Some(item) = waiting.queue.pop_front()
        {
            bytes += item.bytes();
            taken.items.push(item);
        }
        waiting.bytes -= bytes;
        if waiting.queue.is_empty() {
            waiting.queue = VecDeque::new();
        }
        taken.more = !waiting.queue.is_empty() || waiting.left.is_some();
        taken.left = waiting.left.filter(|_| waiting.queue.is_empty());
        taken
    }
}

/// Whether a caller may read what the filter of a subscription matches.
#[derive(Debug)]
struct Rights {
    filter: Filter,
    caller: Caller,
    /// The rights the rest was decided under.
    version: Option<u64>,
    all: bool,
    verdicts: HashMap<TopicId, bool>,
}

impl Rights {
    fn new(filter: Filter, caller: Caller) -> Self {
        Self { filter, caller, version: None, all: false, verdicts: HashMap::new() }
    }

    fn allow(&mut self, topic: TopicId, name: &str) -> bool {
        let rights = &self.caller.rights;
        let version = rights.version();
        if self.version != Some(version) {
            self.version = Some(version);
            self.all = rights.reads(self.filter.as_str()) == Coverage::All;
            self.verdicts.clear();
        }
        if self.all {
            return true;
        }
        if self.verdicts.len() >= VERDICTS_MAX {
            self.verdicts.clear();
        }
        *self.verdicts.entry(topic).or_insert_with(|| rights.may_read(name))
    }
}
