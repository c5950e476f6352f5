//! The subscriptions of one connection, taking turns on the log.

use std::sync::Arc;

use schemas::ws::Mode;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::service::Service;
use crate::statistics::Counted;
use crate::subscription::{Context, Subscription};

/// Messages of one round, before the next subscription has to wait for the socket.
const ROUND_BYTES_MAX: usize = 512 * 1024;
/// The least one `latest` subscription may fold.
const FOLD_BYTES_MIN: usize = 16 * 1024;

/// The subscriptions, and what they need.
pub(super) struct Feed {
    service: Service,
    slots: Vec<Slot>,
    /// Who goes first in the next round.
    first: usize,
    wake_up: Arc<Notify>,
}

struct Slot {
    subscription: Subscription,
    /// A `latest` subscription rests until then.
    rests_until: Instant,
    _open: Counted,
}

/// What a round gives.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// Messages to send, in order.
    pub(super) messages: Vec<String>,
    /// When to read again even if nothing new is committed.
    pub(super) wake: Option<Instant>,
    /// The namespace must catch up first.
    pub(super) behind: bool,
}

impl Feed {
    pub(super) fn new(service: &Service, wake_up: &Arc<Notify>) -> Self {
        let wake_up = Arc::clone(wake_up);
        Self { service: service.clone(), slots: Vec::new(), first: 0, wake_up }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.slots.iter().any(|slot| slot.subscription.id == id)
    }

    pub(super) fn add(&mut self, subscription: Subscription) {
        let open = Counted::new(&self.service.statistics, |all| &all.subscriptions);
        self.slots.push(Slot { subscription, rests_until: Instant::now(), _open: open });
    }

    /// Whether there was one of this id.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let before = self.slots.len();
        self.slots.retain(|slot| slot.subscription.id != id);
        before > self.slots.len()
    }

    /// Positions quiet clients should know.
    pub(super) fn heartbeats(&mut self) -> Vec<String> {
        let dispatcher = &self.service.dispatcher;
        let slots = self.slots.iter_mut();
        slots.filter_map(|slot| slot.subscription.heartbeat(dispatcher)).collect()
    }

    /// Lets each subscription go on. Reading the log may touch the disk, so it leaves the runtime.
    pub(super) async fn round(&mut self) -> Result<Round, fabric::Error> {
        let hub = &self.service.hub;
        let config = self.service.config;
        let context = Context {
            org: hub.org,
            config,
            fold_bytes: (config.fold_bytes_max / self.slots.len().max(1)).max(FOLD_BYTES_MIN),
            live: hub.live.clone(),
            log: hub.log.clone(),
            statistics: Arc::clone(&self.service.statistics),
            dispatcher: Arc::clone(&self.service.dispatcher),
            wake: Arc::clone(&self.wake_up),
        };
        let (mut slots, first, now) = (std::mem::take(&mut self.slots), self.first, Instant::now());
        let done = if slots.iter().any(|slot| slot.subscription.reads_the_log()) {
            let work = tokio::task::spawn_blocking(move || {
                let done = round(&mut slots, first, now, &context);
                (slots, done)
            });
            // A panic in there is a bug and ends this connection, nothing else.
            let (returned, done) = work.await.expect("reading a cursor does not panic");
            slots = returned;
            done
        } else {
            round(&mut slots, first, now, &context)
        };
        self.slots = slots;
        let (round, first) = done?;
        self.first = first;
        Ok(round)
    }
}

/// One round, and who goes first in the next.
fn round(
    slots: &mut [Slot],
    first: usize,
    now: Instant,
    context: &Context,
) -> Result<(Round, usize), fabric::Error> {
    let mut round = Round::default();
    let mut bytes = 0;
    let count = slots.len();
    for step in 0..count {
        let index = (first + step) % count;
        let slot = &mut slots[index];
        if bytes >= ROUND_BYTES_MAX {
            round.wake_by(now);
            return Ok((round, index));
        }
        if slot.rests_until > now {
            round.wake_by(slot.rests_until);
            continue;
        }
        let turn = slot.subscription.turn(context)?;
        if slot.subscription.mode == Mode::Latest && !turn.messages.is_empty() {
            slot.rests_until = now + context.config.latest_interval();
        }
        if turn.more {
            round.wake_by(now.max(slot.rests_until));
        }
        round.behind |= turn.behind;
        bytes += turn.messages.iter().map(String::len).sum::<usize>();
        round.messages.extend(turn.messages);
    }
    Ok((round, 0))
}

impl Round {
    fn wake_by(&mut self, at: Instant) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }
}
