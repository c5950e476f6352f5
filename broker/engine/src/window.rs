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
}

impl Window {
    /// A window of up to `limit` identifiers above `base`.
    pub(crate) fn new(base: u16, limit: u16) -> Self {
        let size = limit.clamp(1, u16::MAX - base);
        Self { states: Box::default(), base, size, limit: limit.max(1), in_use: 0, next: 1 }
    }

    /// Moves an unused window to identifiers above `base`, beginning anywhere: a client may still
    /// hold identifiers of the connection before, as it does between PUBREC and PUBREL.
    pub(crate) fn move_to(&mut self, base: u16, anywhere: u64) {
        debug_assert!(self.in_use == 0, "identifiers in use stay what they are");
        *self = Self::new(base, self.limit);
        let place = 1 + anywhere % u64::from(self.size);
        self.next = u16::try_from(place).unwrap_or(1);
    }

    pub(crate) fn has_room(&self) -> bool {
        self.in_use < self.size
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
        let place = id.get().checked_sub(self.base);
        place.and_then(|place| self.states.get(usize::from(place))).copied().unwrap_or_default()
    }

    /// PUBREC came: from now on PUBCOMP is awaited.
    pub(crate) fn receive(&mut self, id: PacketId) {
        if let Some(state) = self.state(id) {
            *state = Awaits::Pubcomp;
        }
    }

    /// Frees an identifier that waits for this; `false` if it does not.
    pub(crate) fn release(&mut self, id: PacketId, awaits: Awaits) -> bool {
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
    fn a_window_never_leaves_the_identifiers() {
        let mut window = Window::new(49_151, u16::MAX);
        let last = std::iter::from_fn(|| window.take(1)).last();
        assert_eq!(last.map(PacketId::get), Some(u16::MAX));
    }
}
