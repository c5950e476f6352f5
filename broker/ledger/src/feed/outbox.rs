//! The deliveries that wait to be handed to each core.

use uns_model::SessionNo;

use crate::Delivery;

/// While more deliveries wait for a core, its sessions are not fed. That is a few publishes to ten
/// thousand sessions.
const WAITING_MAX: usize = 65_536;
/// While more deliveries wait, they are handed over before more is folded.
const MANY: usize = 4_096;

/// One list for each core.
#[derive(Debug, Default)]
pub(crate) struct Outboxes {
    cores: Vec<Outbox>,
}

#[derive(Debug, Default)]
struct Outbox {
    waiting: Vec<Delivery>,
    /// Sessions to feed again when there is room.
    stalled: Vec<SessionNo>,
}

impl Outboxes {
    pub(crate) fn push(&mut self, delivery: Delivery) {
        let waiting = &mut self.core(delivery.place().core).waiting;
        if let Delivery::Lost { place, count, over_quota } = delivery
            && let Some(Delivery::Lost { place: same, count: sum, over_quota: over }) =
                waiting.last_mut()
            && (*same, *over) == (place, over_quota)
        {
            *sum += count;
            return;
        }
        waiting.push(delivery);
    }

    pub(crate) fn has_room(&self, core: u16) -> bool {
        self.cores.get(usize::from(core)).is_none_or(|one| one.waiting.len() < WAITING_MAX)
    }

    pub(crate) fn stall(&mut self, core: u16, session: SessionNo) {
        self.core(core).stalled.push(session);
    }

    /// Everything that waits, by core.
    pub(crate) fn take(&mut self) -> Vec<(u16, Vec<Delivery>)> {
        let full = self.cores.iter_mut().enumerate().filter(|(_, one)| !one.waiting.is_empty());
        full.filter_map(|(core, one)| {
            Some((u16::try_from(core).ok()?, std::mem::take(&mut one.waiting)))
        })
        .collect()
    }

    /// Puts back what a core did not take, in front of what came since.
    pub(crate) fn put_back(&mut self, core: u16, mut refused: Vec<Delivery>) {
        let waiting = &mut self.core(core).waiting;
        refused.append(waiting);
        *waiting = refused;
    }

    /// The stalled sessions of cores with room.
    pub(crate) fn unstall(&mut self) -> Vec<SessionNo> {
        let room = |one: &&mut Outbox| one.waiting.len() < WAITING_MAX;
        self.cores.iter_mut().filter(room).flat_map(|one| one.stalled.drain(..)).collect()
    }

    /// Whether so much waits for a core that folding should pause.
    pub(crate) fn are_long(&self) -> bool {
        self.cores.iter().any(|one| one.waiting.len() >= MANY)
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.cores.iter().all(|one| one.waiting.is_empty())
    }

    fn core(&mut self, core: u16) -> &mut Outbox {
        let core = usize::from(core);
        if self.cores.len() <= core {
            self.cores.resize_with(core + 1, Outbox::default);
        }
        &mut self.cores[core]
    }
}
