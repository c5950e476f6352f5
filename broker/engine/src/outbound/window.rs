//! Packet identifiers of one receiver: which are in use, and what each waits for; never more than
//! its receive window.

use broker_codec::PacketId;

/// What the sender of a PUBLISH waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Awaits {
    /// Nothing: the identifier is free.
    #[default]
    Nothing,
    /// QoS 1: PUBACK.
    Puback,
    /// QoS 2: PUBREC.
    Pubrec,
    /// QoS 2, released: PUBCOMP.
    Pubcomp,
}

impl Awaits {
    /// After a PUBLISH of this QoS.
    pub(crate) fn after(qos: u8) -> Self {
        if qos == 2 { Self::Pubrec } else { Self::Puback }
    }
}

/// A window of identifiers, from `base + 1` to `base` and its size.
#[derive(Debug)]
pub(crate) struct Window {
    /// By identifier; empty until the first is taken, since most clients take none.
    states: Box<[Awaits]>,
    base: u16,
    size: u16,
    /// What the receiver takes unacknowledged, these and others.
    limit: u16,
    in_use: u16,
    next: u16,
    /// Identifiers of QoS 2 that an earlier connection of the session had not finished with, oldest
    /// first: its client may hold them, and would take another message under one for a repetition.
    held: Vec<(PacketId, Awaits)>,
}

/// Identifiers of earlier connections that are remembered. Their clients lost as many connections
/// with a retained message under way.
const HELD_MAX: usize = 512;
/// Identifiers of a session that lasts, at least: those that are held are never most of them.
const SESSION_SIZE_MIN: u16 = 1024;
const _: () = assert!(HELD_MAX < SESSION_SIZE_MIN as usize, "some are always free");

impl Window {
    /// A window of up to `limit` identifiers above `base`.
    pub(crate) fn new(base: u16, limit: u16) -> Self {
        let size = limit.clamp(1, u16::MAX - base);
        let (states, limit, held) = (Box::default(), limit.max(1), Vec::new());
        Self { states, base, size, limit, in_use: 0, next: 1, held }
    }

    /// Moves an unused window to identifiers above `base`, for a session that lasts. It begins
    /// anywhere: after a restart nobody knows which ones its client holds. There are more of them than
    /// may be in use, since some are held.
    pub(crate) fn move_to(&mut self, base: u16, anywhere: u64) {
        debug_assert!(self.in_use == 0, "identifiers in use stay what they are");
        let held = std::mem::take(&mut self.held);
        let size = self.limit.max(SESSION_SIZE_MIN).min(u16::MAX - base);
        *self = Self { size, held, ..Self::new(base, self.limit) };
        let place = 1 + anywhere % u64::from(self.size);
        self.next = u16::try_from(place).unwrap_or(1);
    }

    pub(crate) fn has_room(&self) -> bool {
        self.in_use < self.limit
            && usize::from(self.in_use) + self.held.len() < usize::from(self.size)
    }

    /// What the connections before have not finished with.
    pub(crate) fn hold(&mut self, mut held: Vec<(PacketId, Awaits)>) {
        held.drain(..held.len().saturating_sub(HELD_MAX));
        self.held = held;
    }

    /// QoS 2 identifiers that are not finished with, of this connection or earlier ones.
    pub(crate) fn unfinished(&self) -> Vec<(PacketId, Awaits)> {
        let own = (self.base..).zip(&*self.states).filter_map(|(id, state)| {
            let unfinished = matches!(state, Awaits::Pubrec | Awaits::Pubcomp);
            PacketId::new(id).filter(|_| unfinished).map(|id| (id, *state))
        });
        self.held.iter().copied().chain(own).collect()
    }

    /// Those whose PUBREL is to be said again on a new connection [MQTT-4.4.0-1].
    pub(crate) fn released_before(&self) -> Vec<PacketId> {
        let released = self.held.iter().filter(|(_, awaits)| *awaits == Awaits::Pubcomp);
        released.map(|(id, _)| *id).collect()
    }

    fn holds(&self, id: u16) -> bool {
        self.held.iter().any(|(one, _)| one.get() == id)
    }

    /// Whether one more may be sent while the receiver has this many others to acknowledge.
    pub(crate) fn has_room_beside(&self, others: usize) -> bool {
        usize::from(self.in_use) + others < usize::from(self.limit)
    }

    /// How many are in use.
    pub(crate) fn in_use(&self) -> u16 {
        self.in_use
    }

    /// The next free identifier, for a PUBLISH of this QoS.
    pub(crate) fn take(&mut self, qos: u8) -> Option<PacketId> {
        if !self.has_room() {
            return None;
        }
        if self.states.is_empty() {
            self.states = vec![Awaits::Nothing; usize::from(self.size) + 1].into();
        }
        loop {
            let place = self.next;
            self.next = if place >= self.size { 1 } else { place + 1 };
            if self.holds(self.base + place) {
                continue;
            }
            let state = self.states.get_mut(usize::from(place))?;
            if *state == Awaits::Nothing {
                *state = Awaits::after(qos);
                self.in_use += 1;
                return PacketId::new(self.base + place);
            }
        }
    }

    fn state(&mut self, id: PacketId) -> Option<&mut Awaits> {
        let place = id.get().checked_sub(self.base)?;
        self.states.get_mut(usize::from(place))
    }

    /// What the identifier waits for.
    pub(crate) fn awaits(&self, id: PacketId) -> Awaits {
        if let Some((_, held)) = self.held.iter().find(|(one, _)| *one == id) {
            return *held;
        }
        let place = id.get().checked_sub(self.base);
        place.and_then(|place| self.states.get(usize::from(place))).copied().unwrap_or_default()
    }

    /// PUBREC came: from now on PUBCOMP is awaited.
    pub(crate) fn receive(&mut self, id: PacketId) {
        if let Some((_, held)) = self.held.iter_mut().find(|(one, _)| *one == id) {
            *held = Awaits::Pubcomp;
        } else if let Some(state) = self.state(id) {
            *state = Awaits::Pubcomp;
        }
    }

    /// Frees an identifier that waits for this; `false` if it does not.
    pub(crate) fn release(&mut self, id: PacketId, awaits: Awaits) -> bool {
        if let Some(at) = self.held.iter().position(|(one, _)| *one == id) {
            let done = self.held.get(at).is_some_and(|(_, held)| *held == awaits);
            if done {
                self.held.remove(at);
            }
            return done;
        }
        match self.state(id) {
            Some(state) if *state == awaits && awaits != Awaits::Nothing => {
                *state = Awaits::Nothing;
                self.in_use -= 1;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_unique_and_bounded() {
        for base in [0, 49_151] {
            let mut window = Window::new(base, 100);
            let ids: Vec<_> = std::iter::from_fn(|| window.take(1)).map(PacketId::get).collect();
            assert_eq!(ids, (base + 1..=base + 100).collect::<Vec<u16>>());
            assert!(!window.has_room());
            for id in [70, 3, 64] {
                let id = PacketId::new(base + id).unwrap();
                assert!(window.release(id, Awaits::Puback));
                assert!(!window.release(id, Awaits::Puback));
            }
            assert!(!window.release(PacketId::new(base + 101).unwrap(), Awaits::Puback));
            assert!(!window.release(PacketId::new(65_535).unwrap(), Awaits::Puback));
            let again: Vec<_> = std::iter::from_fn(|| window.take(1)).map(PacketId::get).collect();
            assert_eq!(again, [base + 3, base + 64, base + 70]);
            assert!(!window.has_room());
        }
    }

    #[test]
    fn qos_2_needs_both_answers_in_order() {
        let mut window = Window::new(0, 1);
        let id = window.take(2).unwrap();
        assert!(!window.release(id, Awaits::Puback));
        assert!(!window.release(id, Awaits::Pubcomp));
        window.receive(id);
        assert!(!window.release(id, Awaits::Pubrec));
        assert!(window.release(id, Awaits::Pubcomp));
        assert_eq!(window.in_use(), 0);
    }

    #[test]
    fn what_an_earlier_connection_has_not_finished_with_is_used_for_nothing_else() {
        let mut before = Window::new(0, 2);
        before.move_to(49_151, 7);
        let ids = [2, 2].map(|qos| before.take(qos).unwrap());
        assert!(!before.has_room(), "as many as the receiver takes");
        before.receive(ids[1]);
        assert_eq!(before.unfinished(), [(ids[0], Awaits::Pubrec), (ids[1], Awaits::Pubcomp)]);
        let mut window = Window::new(0, 2);
        window.hold(before.unfinished());
        window.move_to(49_151, 7);
        assert_eq!(window.released_before(), [ids[1]]);
        let others = [2, 2].map(|qos| window.take(qos).unwrap());
        assert!(others.iter().all(|id| !ids.contains(id)), "{others:?} and {ids:?}");
        assert_eq!(window.unfinished().len(), 4);
        // They are none of what this connection may have unacknowledged.
        assert_eq!(window.in_use(), 2);
        assert!(
            window.release(ids[1], Awaits::Pubcomp) && !window.release(ids[0], Awaits::Pubcomp)
        );
        window.receive(ids[0]);
        assert!(window.release(ids[0], Awaits::Pubcomp));
        assert_eq!((window.in_use(), window.unfinished().len()), (2, 2));
    }

    #[test]
    fn identifiers_that_are_held_are_bounded_and_some_are_always_free() {
        let all = (49_152..=u16::MAX).filter_map(PacketId::new).map(|id| (id, Awaits::Pubrec));
        let mut window = Window::new(0, u16::MAX);
        window.hold(all.collect());
        window.move_to(49_151, 0);
        let taken = std::iter::from_fn(|| window.take(1)).count();
        assert_eq!(taken + HELD_MAX, usize::from(u16::MAX - 49_151));
    }

    #[test]
    fn a_window_never_leaves_the_identifiers() {
        let mut window = Window::new(49_151, u16::MAX);
        let last = std::iter::from_fn(|| window.take(1)).last();
        assert_eq!(last.map(PacketId::get), Some(u16::MAX));
    }
}
